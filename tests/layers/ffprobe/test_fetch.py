import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from layers.ffprobe import fetch
from layers.ffprobe.recipe import Source

CONTENT = b"the tarball"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CLOSED = "http://127.0.0.1:9/thing-1.0.tar.gz"  # the discard port: nobody answers there


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


def _source(release: str | None = None, sha256: str = SHA256) -> Source:
    return Source("thing", "1.0", sha256, release, "t/thing/thing_1.0.orig.tar.gz")


def _folder_with(folder: Path, content: bytes, name: str = "thing_1.0.orig.tar.gz") -> fetch.Folder:
    folder.mkdir()
    (folder / name).write_bytes(content)
    return fetch.Folder(folder, "given")


def _over_http() -> fetch.Site:
    return fetch.Site("the release sites", fetch.release_addresses, fetch.over_http)


def test_a_given_folder_is_asked_before_the_network(tmp_path: Path) -> None:
    ways: list[fetch.Way] = [_folder_with(tmp_path / "given", CONTENT), _over_http()]

    line = fetch.fetch([_source(CLOSED)], tmp_path / "into", ways)

    assert line == "Sources: 1 from given."
    assert (tmp_path / "into" / "thing-1.0.tar.gz").read_bytes() == CONTENT


def test_what_was_fetched_before_is_not_fetched_again(tmp_path: Path) -> None:
    source = _source(CLOSED)
    fetch.fetch([source], tmp_path / "into", [_folder_with(tmp_path / "given", CONTENT)])

    assert fetch.fetch([source], tmp_path / "into", []) == "Sources: 1 from the cache."


def test_a_file_with_another_checksum_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    ways = [_folder_with(tmp_path / "given", b"not the tarball")]

    with pytest.raises(fetch.SourcesUnavailable, match="given: its thing has another checksum") as refused:
        fetch.fetch([_source()], tmp_path / "into", ways)

    assert "FFPROBE_SOURCES" in str(refused.value)
    assert list((tmp_path / "into").iterdir()) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    given = _folder_with(tmp_path / "given", CONTENT)
    into = tmp_path / "into"
    into.mkdir()
    (into / "thing_1.0.orig.tar.gz").write_bytes(b"half of it")

    fetch.fetch([_source()], into, [given])

    assert (into / "thing_1.0.orig.tar.gz").read_bytes() == CONTENT


def test_a_download_is_checked_like_any_other_way(served: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = served
    (folder / "thing-1.0.tar.gz").write_bytes(CONTENT)
    source = _source(f"{address}/thing-1.0.tar.gz")

    assert fetch.fetch([source], tmp_path / "a", [_over_http()]) == "Sources: 1 from the release sites."
    (folder / "thing-1.0.tar.gz").write_bytes(CONTENT + b"!")
    with pytest.raises(fetch.SourcesUnavailable, match="another checksum"):
        fetch.fetch([source], tmp_path / "b", [_over_http()])


def test_a_closed_way_is_named_and_the_next_one_taken(tmp_path: Path) -> None:
    given = _folder_with(tmp_path / "given", CONTENT)

    line = fetch.fetch([_source(CLOSED)], tmp_path / "into", [_over_http(), given])

    assert line.startswith("Sources: 1 from given (the release sites: no answer")


def test_a_site_without_the_file_says_so(served: tuple[str, Path], tmp_path: Path) -> None:
    with pytest.raises(fetch.SourcesUnavailable, match="the release sites: answered 404"):
        fetch.fetch([_source(f"{served[0]}/thing-1.0.tar.gz")], tmp_path / "into", [_over_http()])


def test_a_silent_host_is_asked_once_and_after_two_of_them_nobody_is(tmp_path: Path) -> None:
    asked: list[str] = []

    def silent(url: str, _: Path) -> None:
        asked.append(url)
        raise TimeoutError("timed out")

    site = fetch.Site("a site", fetch.release_addresses, silent)
    for url in ("http://a.invalid/1", "http://a.invalid/2", "http://b.invalid/3", "http://c.invalid/4"):
        with pytest.raises(fetch.Closed, match="no answer"):
            site.bring(_source(url), tmp_path / "file")

    assert asked == ["http://a.invalid/1", "http://b.invalid/3"]


def test_two_rows_of_one_name_are_two_ways_to_the_same_source(tmp_path: Path) -> None:
    rows = [Source("thing", "1.0", "0" * 64, CLOSED, None), _source()]

    line = fetch.fetch(rows, tmp_path / "into", [_folder_with(tmp_path / "given", CONTENT)])

    assert line == "Sources: 1 from given."


def test_the_mirrors_are_what_apt_would_ask_for_an_update() -> None:
    printed = (
        "'http://one.example/debian/dists/stable/InRelease' one.example_debian_dists_stable_InRelease 0 \n"
        "'http://one.example/debian/dists/stable/main/binary-amd64/Packages.xz' one.example_Packages 0 \n"
        "'https://two.example/dists/stable-security/InRelease' two.example_dists_InRelease 0 \n"
    )

    assert fetch.repositories(printed) == ["http://one.example/debian/", "https://two.example/"]


def test_a_source_that_debian_has_not_is_not_looked_for_there() -> None:
    assert fetch.mirror_addresses(Source("thing", "1.0", SHA256, CLOSED, None)) == []


@pytest.mark.skipif(not Path("/usr/lib/apt/apt-helper").exists(), reason="a way of Debian and Ubuntu only")
def test_apt_downloads_and_tells_a_missing_file_from_a_silent_host(
    served: tuple[str, Path], tmp_path: Path
) -> None:
    address, folder = served
    (folder / "thing.tar.gz").write_bytes(CONTENT)

    fetch.over_apt(f"{address}/thing.tar.gz", tmp_path / "thing")

    assert (tmp_path / "thing").read_bytes() == CONTENT
    with pytest.raises(fetch.Closed, match="not there"):
        fetch.over_apt(f"{address}/other.tar.gz", tmp_path / "other")
    with pytest.raises(OSError, match="refused"):
        fetch.over_apt(CLOSED, tmp_path / "silent")
