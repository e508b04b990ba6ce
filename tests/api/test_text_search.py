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
    most = " ".join(f"w{chr(97 + n // 8)}{chr(97 + n % 8)}" for n in range(32))
    assert ana.get(f"/v1/files?q={most}")["items"] == []
    for path in ("/v1/files?q", "/v1/search?q", "/v1/search?title"):
        problem = ana.refused("GET", f"{path}={most} more", 422, "invalid")
        assert problem["errors"][0]["field"] in {"q", "title"}
    ana.refused(
        "GET",
        "/v1/files?q=一二三四五六七八九十百千万億兆京垓秭穣溝澗正載極恒河沙阿僧祇那由他不可",
        422,
        "invalid",
    )


def test_signs_alone_are_no_question_for_everything(ana: Door) -> None:
    ana.upload("a.txt", b"1")
    for asked in ("!!!", "🎉", "- -"):
        ana.refused("GET", f"/v1/files?q={asked}", 422, "invalid")
        body = {"filter": {"q": asked}, "action": "delete"}
        ana.refused("POST", "/v1/jobs", 422, "invalid", json=body)
    assert len(ana.get("/v1/files?q=%20")["items"]) == 1


@pytest.mark.parametrize(
    ("name", "asked", "not_asked"),
    [
        ("Żółta łódź.txt", "zolta LODZ", "zolty"),
        ("Ἀθῆναι Ακρόπολη.txt", "αθηναι ΑΚΡΟΠΟΛΗ", "αθηνα ακροπολεις"),
        ("Ёлка на площади.txt", "елк ПЛОЩАДИ", "елки"),
        ("İstanbul ışıkları.txt", "istanbul isik", "istanbulu"),  # noqa: RUF001 - the characters meant
        ("שָׁלוֹם עולם.txt", "שלום", "שלומם"),
        ("مُحَمَّد می\u200cخواهم.txt", "محمد میخواهم", "محمود"),  # noqa: RUF001 - the characters meant
        ("हिन्दी किताब.txt", "किताब", "किताबें"),
        ("東京旅行2024.txt", "京旅 2024", "東旅"),
        ("スター・ウォーズ.txt", "ウォーズ スター", "スーズ"),
        ("佐々木さん.txt", "佐々木", "佐木"),
        ("경복궁에서.txt", "경복궁", "경궁"),
        ("ภาษาไทย.txt", "ไทย", "ไยท"),
        ("①② ﬁle.txt", "12 file", "13"),
    ],
)
def test_names_in_many_scripts_are_found_as_people_ask_for_them(
    name: str, asked: str, not_asked: str, ana: Door
) -> None:
    file = ana.upload(name, b"1")["id"]
    for path in ("/v1/files", "/v1/search"):
        assert [one["id"] for one in ana.get(path, params={"q": asked})["items"]] == [file]
        assert ana.get(path, params={"q": not_asked})["items"] == []


def test_a_name_comes_before_a_caption_before_the_text_and_a_phrase_before_scattered_words(ana: Door) -> None:
    phrase = ana.upload("old_beach-sunset.txt", b"1")["id"]
    scattered = ana.upload("sunset at the beach.txt", b"2")["id"]
    beginning = ana.upload("beaches sunsets.txt", b"3")["id"]
    tagged = ana.upload("a.txt", b"4", tags="beach,sunset")["id"]
    told = ana.upload("b.txt", b"5", caption="Beach at sunset")["id"]
    own = ana.upload("c.txt", b"6", metadata='{"note": "sunset, beach"}')["id"]
    unlike = ana.upload("partying.txt", b"7", caption="art", tags="x")["id"]
    other = ana.upload("artist.txt", b"8")["id"]
    newest = ana.upload("d.txt", b"9", caption="beach sunset")["id"]
    found = ana.get("/v1/search?q=beach sunset")["items"]
    expected = [phrase, scattered, beginning, newest, tagged, told, own]
    assert [one["id"] for one in found] == expected
    assert [one["matched"] for one in found[2:]] == [
        ["filename"],
        ["caption"],
        ["tags"],
        ["caption"],
        ["custom"],
    ]
    assert [one["id"] for one in ana.get("/v1/search?q=art")["items"]] == [other, unlike]
