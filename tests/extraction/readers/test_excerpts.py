"""The first words of documents: found in every format, at a bounded price, and never at the price of the file."""
# ruff: noqa: RUF001 - texts in their own scripts are what is read here

import codecs
import zipfile

import pytest

from chalicelib.extraction.errors import BudgetSpent
from chalicelib.extraction.examine import examine
from chalicelib.extraction.filetypes import TYPES
from chalicelib.extraction.models import MAX_EXCERPT, DocumentMetadata, TextMetadata
from chalicelib.extraction.readers import EXCERPTED as READERS_EXCERPTED
from chalicelib.extraction.readers import excerpts, rich_text
from chalicelib.extraction.readers.markup import MOST_UNPACKED
from tests.extraction.readers.test_archives import TYPES_PART, packed
from tests.extraction.sources import sample, source_of

REPORT = "Paragraph 0: the quick brown fox über naïve 日本 jumps over dog 0. Paragraph 1: the quick"
SLIDES = "Slide 1 hello Slide 2 hello Slide 3 hello Slide 4 hello Slide 5 hello"
WORD = '<w:document xmlns:w="w"><w:body>{}</w:body></w:document>'
EPUB: dict[str, str | bytes] = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<c><rootfiles><rootfile full-path="in/b.opf"/></rootfiles></c>',
    "in/b.opf": '<p><manifest><item id="b" href="two.xhtml"/><item id="a" href="text%20one.xhtml"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine></p>',
    "in/text one.xhtml": "<!DOCTYPE html><html><head><title>Unseen</title><style>p {}</style></head>"
    "<body><p>Call me&nbsp;Ishmael.</p><script>no()</script></body></html>",
    "in/two.xhtml": "<html><body><p>Some years ago</p></body></html>",
}


def excerpt(content: bytes) -> str | None:
    metadata = examine(source_of(content), None).metadata
    assert isinstance(metadata, DocumentMetadata | TextMetadata), metadata
    return metadata.excerpt


@pytest.mark.parametrize(
    "name", ["report.pdf", "linearised.pdf", "encrypted_owner.pdf", "report.docx", "report.doc"]
)
def test_a_report_begins_with_the_words_that_other_tools_find_in_it(name: str) -> None:
    found = excerpt(sample(name))
    assert found is not None
    assert found.startswith(REPORT)
    assert len(found) == pytest.approx(MAX_EXCERPT, abs=1)


@pytest.mark.parametrize("name", ["deck.pdf", "deck.pptx", "deck.odp", "deck.ppt"])
def test_slides_begin_with_their_first_slide(name: str) -> None:
    assert excerpt(sample(name)) == SLIDES


@pytest.mark.parametrize("name", ["notes.txt", "latin1.csv"])
def test_a_text_begins_with_itself(name: str) -> None:
    encoding = {"notes.txt": "utf-8", "latin1.csv": "latin-1"}[name]
    assert excerpt(sample(name)) == " ".join(sample(name).decode(encoding).split())[:MAX_EXCERPT].rstrip()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (
            "cp1251",
            "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
        ),
        (
            "cp1253",
            "Άνδρα μοι έννεπε, Μούσα, πολύτροπον, ος μάλα πολλά πλάγχθη, επεί Τροίης ιερόν πτολίεθρον έπερσε.",
        ),
        (
            "shift_jis",
            "国境の長いトンネルを抜けると雪国であった。夜の底が白くなった。信号所に汽車が止まった。",
        ),
        ("euc_kr", "나 보기가 역겨워 가실 때에는 말없이 고이 보내 드리오리다. 영변에 약산 진달래꽃"),
        ("gb18030", "道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。故常无欲，以观其妙。"),
        ("utf-16", "Ünïcode, 世界"),
        ("cp1252", "Il était une fois, à l’orée d’une forêt, une très vieille maison — “hantée”."),
    ],
)
def test_a_text_is_read_in_the_encoding_it_is_in(encoding: str, text: str) -> None:
    assert excerpt(f"{text}\n".encode(encoding)) == text


def test_a_book_begins_with_its_first_chapter_in_the_order_of_reading() -> None:
    assert excerpt(packed(EPUB)) == "Call me Ishmael. Some years ago"


def test_an_open_document_shows_paragraphs_but_no_deleted_text_and_no_comments() -> None:
    body = (
        "<o><text:tracked-changes xmlns:text='t'><text:p xmlns:text='t'>deleted</text:p></text:tracked-changes>"
        "<text:h xmlns:text='t'>Heading</text:h><text:p xmlns:text='t'>one <text:span>two</text:span><text:tab/>three"
        "<annotation><text:p>remark</text:p></annotation></text:p></o>"
    )
    odt: dict[str, str | bytes] = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": body}
    assert excerpt(packed(odt)) == "Heading one two three"


def test_a_workbook_shows_its_strings() -> None:
    types = TYPES_PART.replace("wordprocessingml.document", "spreadsheetml.sheet")
    strings = "<sst><si><t>Invoice</t></si><si><r><t>42 </t></r><r><t>apples</t></r></si></sst>"
    assert (
        excerpt(packed({"[Content_Types].xml": types, "xl/sharedStrings.xml": strings}))
        == "Invoice 42 apples"
    )


def test_rich_text_shows_what_is_shown() -> None:
    written = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title T}}{\*\generator Word;}"
        rb"\f0\fs24 Caf\'e9 \u1050\'ca"
        rb"\{x\}\par second {\b bold}\tab end{\pict 0102}}"
    )
    assert " ".join("".join(rich_text.texts(source_of(written))).split()) == "Café К{x} second bold end"
    assert excerpt(written) == "Café К{x} second bold end"


def test_a_bomb_inside_a_document_is_unfolded_no_further_than_a_megabyte() -> None:
    parts: dict[str, str | bytes] = {"[Content_Types].xml": TYPES_PART.replace("renamed", "document")}
    bomb = packed(parts | {"word/document.xml": WORD.format(" " * (64 * MOST_UNPACKED) + "<w:t>never</w:t>")})
    assert excerpt(bomb) is None


@pytest.mark.parametrize(
    "broken",
    [
        '<!DOCTYPE x [<!ENTITY a "ha">]><w:t>&a;</w:t>',
        "<w:document><w:t>unfinished",
        b"\x00\xff\xfe",
    ],
)
def test_a_text_that_cannot_be_read_costs_the_excerpt_and_not_the_file(broken: str | bytes) -> None:
    found = examine(source_of(packed({"[Content_Types].xml": TYPES_PART, "word/document.xml": broken})), None)
    assert found.outcome == "read"
    assert isinstance(found.metadata, DocumentMetadata)
    assert found.metadata.excerpt in {None, "unfinished"}


def test_what_was_read_before_trouble_came_is_kept() -> None:
    document = WORD.format("<w:p><w:t>kept</w:t></w:p>" + "<w:p/>" * 10_000) + "<"
    broken = packed({"[Content_Types].xml": TYPES_PART, "word/document.xml": document})
    assert excerpts.read(source_of(broken), "docx").text == "kept"


def test_a_budget_that_ends_costs_the_excerpt_only() -> None:
    with pytest.raises(BudgetSpent):
        excerpts.read(source_of(sample("report.docx"), max_requests=0), "docx")


def test_the_excerpt_of_a_large_document_costs_little() -> None:
    parts: dict[str, str | bytes] = {"[Content_Types].xml": TYPES_PART.replace("renamed", "document")}
    pictures: dict[str, str | bytes] = {f"word/media/{number}": bytes(4 << 20) for number in range(4)}
    document: dict[str, str | bytes] = {"word/document.xml": WORD.format("<w:t>words</w:t>" * 100_000)}
    found = examine(source_of(packed(pictures | parts | document, zipfile.ZIP_STORED)), None)
    assert isinstance(found.metadata, DocumentMetadata)
    assert found.metadata.excerpt is not None
    assert (found.bytes_read, found.requests) < (512 << 10, 10)


def test_every_document_that_is_read_by_parts_has_a_reader_for_its_text() -> None:
    named = {
        name for name, one in TYPES.items() if one.reader in READERS_EXCERPTED and one.kind == "document"
    }
    assert named - {"ooxml"} == excerpts.EXCERPTED  # ooxml is what Office calls an encrypted file


def test_a_byte_order_mark_is_no_word() -> None:
    assert excerpt(codecs.BOM_UTF8 + b"first") == "first"
