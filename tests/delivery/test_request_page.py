"""The page of a file request in a real browser: files are hashed, sent to storage and in the library."""

import hashlib
from pathlib import Path

import pytest

from tests.api.test_file_requests import ask
from tests.conftest import MEDIA, Deliver
from tests.delivery.chromium import CHROMIUM, Tab, browser
from tests.doors import Door

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
WAITED_FOR = """new Promise(done => {
  const look = () => /sent|not be/.test(status.textContent) && !running && !waiting.length
  if (look()) return done(status.textContent)
  new MutationObserver(() => { if (look()) done(status.textContent) }).observe(status, {childList: true, subtree: true})
})""".replace("status.", "document.getElementById('status').").replace(
    "(status,", "(document.getElementById('status'),"
)


def choose(tab: Tab, *paths: Path) -> None:
    """Choose files as a person does in the dialogue."""
    root = tab.tell("DOM.getDocument")["root"]["nodeId"]
    node = tab.tell("DOM.querySelector", nodeId=root, selector="#chosen")["nodeId"]
    tab.tell("DOM.setFileInputFiles", files=[str(path) for path in paths], nodeId=node)


def test_files_that_are_chosen_are_sent_and_come_into_the_library(
    ana: Door, do_jobs: Deliver, deliver: Deliver, tmp_path: Path
) -> None:
    made = ask(ana, message="From the party on Saturday.\nThank you!", types=["image", "document"])
    with browser(tmp_path / "profile") as tab:
        tab.open(made["url"], 390, 844)
        assert tab.run("document.documentElement.scrollWidth <= innerWidth")
        tab.run("document.getElementById('sender').value = 'Eva'")
        choose(tab, MEDIA / "photo.jpg", MEDIA / "notes.txt", MEDIA / "clip.webm")
        assert tab.run(WAITED_FOR) == "2 files sent. Thank you! 1 file could not be sent."
        assert tab.run("document.querySelector('.wrong .alarm').textContent").startswith(
            "Only files of these types"
        )
        assert len(tab.complaints()) == 1, "the refused film, and nothing of the policy"
    do_jobs()
    deliver()
    files = ana.get("/v1/files?sort=filename")["items"]
    assert [(file["filename"], file["custom"]) for file in files] == [
        ("notes.txt", {"sender": "Eva"}),
        ("photo.jpg", {"sender": "Eva"}),
    ]
    assert files[1]["sha256"] == hashlib.sha256((MEDIA / "photo.jpg").read_bytes()).hexdigest()


def test_the_page_hashes_as_everyone_does(ana: Door, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as tab:
        tab.open(ask(ana)["url"], 1280, 900, dark=True)
        for size in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1_000_003):
            content = bytes(number * 7 % 251 for number in range(size))
            found = tab.run(f"""(() => {{
              const bytes = Uint8Array.from({{length: {size}}}, (_, n) => n * 7 % 251), sum = new Sha256()
              for (let at = 0; at < bytes.length; at += 1000) sum.add(bytes.subarray(at, at + 1000))
              return sum.hex()
            }})()""")
            assert found == hashlib.sha256(content).hexdigest(), size
        assert not tab.complaints()
