"""Documents are found by what is in them, and the answer says where."""

import pytest

from chalicelib.core.ids import new_id
from tests.conftest import MEDIA, Deliver
from tests.doors import Door
from tests.extraction.readers.test_archives import packed
from tests.extraction.readers.test_excerpts import EPUB


@pytest.mark.parametrize("name", ["report.pdf", "report.docx", "report.doc", "deck.pptx", "deck.odp"])
def test_a_document_is_found_by_a_word_in_its_text(name: str, ana: Door, deliver: Deliver) -> None:
    file = ana.upload(f"a.{name.rpartition('.')[2]}", (MEDIA / name).read_bytes())["id"]
    deliver()
    word = "naive" if name.startswith("report") else "hello"
    assert [one["id"] for one in ana.get(f"/v1/files?q={word}")["items"]] == [file]
    [hit] = ana.get(f"/v1/search?q={word}")["items"]
    assert (hit["id"], hit["matched"]) == (file, ["text"])
    assert ana.get("/v1/search?q=zebra")["items"] == []


def test_a_book_and_a_note_are_found_by_their_first_words(ana: Door, deliver: Deliver) -> None:
    book = ana.upload("b.epub", packed(EPUB))["id"]
    note = ana.upload("n.md", f"# Ishmael's notes {new_id()}\n".encode())["id"]
    deliver()
    assert [one["id"] for one in ana.get("/v1/files?q=ishm")["items"]] == [note, book]
    assert [one["id"] for one in ana.get("/v1/files?q=years ago")["items"]] == [book]


def test_an_extracted_title_is_found_as_such(ana: Door, deliver: Deliver) -> None:
    file = ana.upload("scan.pdf", (MEDIA / "report.pdf").read_bytes())["id"]
    deliver()
    for asked in ("q=probe", "title=probe document", "q=ana"):
        [hit] = ana.get(f"/v1/search?{asked}")["items"]
        assert (hit["id"], hit["matched"]) == (file, ["title"])
    [hit] = ana.get("/v1/search?q=probe paragraph")["items"]
    assert hit["matched"] == ["title", "text"]
    assert hit["metadata"]["excerpt"].startswith("Paragraph 0")


def test_a_file_in_the_trash_is_not_found_by_its_text_and_comes_back_with_it(
    ana: Door, deliver: Deliver
) -> None:
    file = ana.upload("r.pdf", (MEDIA / "report.pdf").read_bytes())["id"]
    deliver()
    ana.ok("DELETE", f"/v1/files/{file}", 204)
    assert ana.get("/v1/files?q=paragraph")["items"] == []
    ana.ok("POST", f"/v1/files/{file}/restore", 200)
    assert len(ana.get("/v1/files?q=paragraph")["items"]) == 1


def test_more_words_than_can_be_looked_for_at_once_are_refused(ana: Door) -> None:
    sixteen = " ".join(f"word{chr(97 + n)}" for n in range(16))
    assert ana.get(f"/v1/files?q={sixteen}")["items"] == []
    for path in ("/v1/files?q", "/v1/search?q", "/v1/search?title"):
        problem = ana.refused("GET", f"{path}={sixteen} more", 422, "invalid")
        assert problem["errors"][0]["field"] in {"q", "title"}
    ana.refused("GET", f"/v1/files?q={'図書館資料'.join('一二三四五')}", 422, "invalid")
