"""Uploads, events, deletions and sweeps in any order: files, content and bytes always agree."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as steps
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chalicelib.aws.clients import Clients
from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import Blob, BlobState
from chalicelib.files.models import Status
from chalicelib.files.rules import OPEN
from chalicelib.settings import Settings
from chalicelib.uploads.models import Begun, Duplicate, UploadClosed
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request, new_caller
from tests.libraries import put, stored

pytestmark = pytest.mark.usefixtures("nothing_due")

CONTENTS = (b"some words", b"#!/bin/sh\n", b"\x89PNG cut short")
NAMES = ("a.txt", "b.png")
contents = st.sampled_from(CONTENTS)
STEPS = steps(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


class Lifecycle(RuleBasedStateMachine):
    """One owner, three contents, two names; everything that can happen to them."""

    uploads = Bundle("uploads")
    files = Bundle("files")
    library: Library
    clock: FakeClock

    def __init__(self) -> None:
        super().__init__()
        self.caller = new_caller()
        self.alive: set[str] = set()
        self.refused: set[tuple[bool, bool]] = set()

    @rule(target=uploads, content=contents, name=st.sampled_from(NAMES), link=st.booleans())
    def begin(self, content: bytes, name: str, link: bool) -> Any:  # noqa: FBT001 - Hypothesis calls it
        try:
            outcome = self.library.uploads.begin(self.caller, a_request(name, content, link_duplicate=link))
        except Duplicate as refusal:
            self.refused.add((link, str(refusal.evidence["existing_file_id"]) in self.alive))
            return None
        self.alive.add(outcome.file.id)
        return (outcome, content) if isinstance(outcome, Begun) else None

    @rule(upload=uploads)
    def send(self, upload: Any) -> None:
        if upload is not None:
            begun, content = upload
            answer = put(begun, content)
            assert answer.status_code in {200, 412}

    @rule(content=contents)
    def event(self, content: bytes) -> None:
        """S3's event, in time, late or again; it comes only for bytes that arrived once."""
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"originals/{self.caller.user_id}/{sha256}"
        if self.library.bucket.size(key) is not None:
            self.library.intake.arrived(Arrival(self.caller.user_id, sha256, len(content)))

    @rule(upload=consumes(uploads))
    def abort(self, upload: Any) -> None:
        if upload is None:
            return
        begun, _ = upload
        waiting = self._status(begun.file.id) in OPEN
        try:
            self.library.uploads.abort(self.caller, begun.upload.id)
            if waiting:
                self.alive.discard(begun.file.id)
        except UploadClosed:
            return

    @rule(number=st.integers(0, 20))
    def erase(self, number: int) -> None:
        if self.alive:
            file_id = sorted(self.alive)[number % len(self.alive)]
            self.library.files.erase(self.caller, file_id, None)
            self.alive.discard(file_id)

    @rule(hours=st.sampled_from([1, 3, 25]))
    def sweep(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.library.uploads.expire()
        self.library.blobs.collect()
        self.alive = (
            {file.id for file in self.library.files.get_many(sorted(self.alive))} if self.alive else set()
        )

    def _status(self, file_id: str) -> Status | None:
        found = self.library.files.get_many([file_id])
        return found[0].status if found else None

    @invariant()
    def the_list_shows_the_files_that_there_are(self) -> None:
        page = self.library.files.newest_first(self.caller, limit=100, cursor=None)
        assert {file.id for file in page.items} == self.alive

    @invariant()
    def content_is_held_by_the_files_that_have_it_and_by_no_other(self) -> None:
        files = self.library.files.get_many(sorted(self.alive)) if self.alive else []
        for content in CONTENTS:
            sha256 = hashlib.sha256(content).hexdigest()
            holding = {
                file.id for file in files if file.sha256 == sha256 and file.status is not Status.REJECTED
            }
            blob = self.library.blobs.find(self.caller.user_id, sha256)
            members = {member.file_id for member in blob.members} if blob else set()
            assert members == holding
            assert (blob.refs if blob else 0) == len(members)
            assert blob is None or (blob.state is BlobState.FREED) == (not members)

    @invariant()
    def the_quota_counts_the_content_that_is_held(self) -> None:
        held = [content for content in CONTENTS if (blob := self._blob(content)) is not None and blob.members]
        assert self.library.blobs.quotas.standing(self.caller.user_id).used == sum(map(len, held))

    def _blob(self, content: bytes) -> Blob | None:
        return self.library.blobs.find(self.caller.user_id, hashlib.sha256(content).hexdigest())

    @invariant()
    def a_duplicate_is_refused_only_when_asked_so_and_names_a_file(self) -> None:
        assert self.refused <= {(False, True)}

    @invariant()
    def what_is_ready_has_its_bytes(self) -> None:
        for file in self.library.files.get_many(sorted(self.alive)) if self.alive else []:
            if file.status in {Status.READY, Status.FAILED}:
                assert stored(self.library, file) in CONTENTS


def test_files_content_and_bytes_agree_whatever_happens_in_whatever_order(
    settings: Settings, clients: Clients
) -> None:
    class Machine(Lifecycle):
        clock = FakeClock()
        library = build(settings, clients, clock)

    run_state_machine_as_test(Machine, settings=STEPS)
