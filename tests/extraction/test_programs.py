"""Outside programs: limited, deaf to our environment, and ended when time or output is up."""

from pathlib import Path

from chalicelib.extraction import programs
from chalicelib.extraction.confinement import Limits


def test_a_program_is_ended_with_all_it_started_when_time_is_up() -> None:
    ended = programs.run(["/bin/sh", "-c", "sleep 60 & sleep 60"], Limits(wall_seconds=0.3), max_output=10)
    assert ended.timed_out
    assert ended.status < 0


def test_a_program_runs_with_no_environment_no_files_to_write_and_its_limits(tmp_path: Path) -> None:
    written = tmp_path / "written"
    script = f"env; ulimit -t; echo x > {written} && echo done"
    ended = programs.run(["/bin/sh", "-c", script], Limits(cpu_seconds=7), max_output=10_000)
    lines = ended.output.decode().splitlines()
    assert not any(line.startswith(("AWS_", "HOME=")) for line in lines)
    assert "7" in lines
    assert "done" not in lines
    assert written.stat().st_size == 0


def test_output_beyond_the_cap_ends_the_program() -> None:
    ended = programs.run(["yes"], Limits(), max_output=1000)
    assert ended.overflowed
    assert ended.output == b""
