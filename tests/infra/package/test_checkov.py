"""What is made of checkov's findings; checkov itself runs in `tests/rehearsal/judged.py`."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.package.checkov import ACCEPTED, Accepted, Finding, accepted, judge

OPEN = Finding("CKV_AWS_53", "Media", "Ensure S3 bucket has block public ACLs enabled")
OLD = Accepted(resources=["Media", "*Logs"], reason="nothing is ever overwritten here")


def test_a_finding_that_nobody_accepted_is_named_with_its_rule_and_resource() -> None:
    assert [*judge([OPEN], {})] == ["- CKV_AWS_53: Media: Ensure S3 bucket has block public ACLs enabled"]


def test_what_was_accepted_for_one_resource_is_found_at_another() -> None:
    found = [Finding("CKV_AWS_21", name, "versioning") for name in ("Media", "AnyLogs", "Other")]
    assert [*judge(found, {"CKV_AWS_21": OLD})] == ["- CKV_AWS_21: Other: versioning"]


def test_what_was_accepted_for_nothing_must_go() -> None:
    [complaint] = judge([Finding("CKV_AWS_21", "Media", "versioning")], {"CKV_AWS_21": OLD})
    assert complaint.startswith("- CKV_AWS_21: *Logs: accepted, but")


@pytest.mark.parametrize("entry", ['resources = ["Media"]', 'resources = []\nreason = "a reason of some length"',
                                   'resources = ["Media"]\nreason = ""'])  # fmt: skip
def test_an_entry_without_resources_or_reason_is_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / "list.toml").write_text(f"[CKV_AWS_1]\n{entry}\n")
    with pytest.raises(ValidationError):
        accepted(tmp_path / "list.toml")


def test_the_reviewed_list_can_be_read() -> None:
    assert accepted(ACCEPTED)
