"""Which postings a file has. A posting is a row in one list, with the keys of all its orders.

Pure: the set of postings follows from the entry alone, so the rows to write for any change are the difference of
two sets, and every list agrees with the file at every moment.

Each row carries the attributes that filters ask for (`f`), so a question reads its rarest list alone.
"""

import base64
import hashlib
import unicodedata
import zlib
from dataclasses import dataclass

from chalicelib.catalogue.looks import BANDS, look_key, look_list
from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.text import bucket, indexed_places, indexed_words
from chalicelib.core.ids import moment_of

SIZE_DIGITS = 12  # hexadecimal: up to 256 TiB
MAX_NAME_KEY = 200
"""Characters of a name that order it: with the id they stay below DynamoDB's 1,024 bytes for a sort key."""
MAX_WORD_ROWS = 32
"""Rows for words that a file may have. With 20 tags a change of all words or of all tags fits into one transaction."""
MAX_TEXT_ROWS = 48
"""Rows for words that are only in the file's text."""
MAX_ROWS = 84
"""Rows in all, to which words of the text give way: with everything around them they are one transaction of 100."""
YEAR_SHARDS = 4
UNLISTED = frozenset({("status", "ready"), ("visibility", "private")})
"""What nearly every file is: filtered on, but without a list of its own."""
SEPARATOR = "\0"
FURTHER = "\1"
WORD_FIELDS = {"filename": "n", "tags": "g", "caption": "c", "custom": "u", "title": "t"}
"""The fields whose words are indexed, first come first served, and their letters in a row."""
TEXT_LETTER = "x"
PLACES = 3
"""How many places of a word in a field are kept, for phrases."""
BETWEEN_TAGS = 100
"""Places between two tags, so that no phrase goes from one to the next."""
Facet = tuple[str, str]
ALL: Facet = ("all", "")
"""The list of everything an owner has outside the trash."""
TRASH: Facet = ("trash", "")
"""The list of what an owner has thrown away."""


@dataclass(frozen=True)
class Posting:
    """One row: `list_key` names the list, `key` orders it by upload; `attributes` are all others."""

    list_key: str
    key: str
    attributes: frozenset[tuple[str, str]]


def list_key(owner_id: str, facet: Facet) -> str:
    """Return the key of the list of an owner's files with one attribute."""
    name, value = facet
    return f"{owner_id}#{name}#{value}" if value else f"{owner_id}#{name}"


def word_list_key(owner_id: str, word: str) -> str:
    """Return the key of the list that holds a word."""
    return f"{owner_id}#w#{bucket(word)}"


def mark(facet: Facet) -> str:
    """Return how a row says that its file has an attribute."""
    return f"|{facet[0]}:{facet[1]}|"


def short(text: str) -> str:
    """Return a fixed-length name for any text: 96 bits of its SHA-256."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:12]).decode()


def tag_key(tag: str) -> str:
    """Return the form under which a tag is one and the same: without case, compatibility forms and extra spaces."""
    return " ".join(fold(tag).split()).replace("|", "\u00a6")  # the bar delimits attributes in a row


def normal_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return tags as they are kept: in NFC, with single spaces, each once whatever its case."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(tag_key(tag), " ".join(unicodedata.normalize("NFC", tag).split()))
    return tuple(found.values())


def tag_facet(tag: str) -> Facet:
    """Return the attribute of having a tag: its normal form, so writing a file asks nothing about its tags."""
    return ("tag", tag_key(tag))


def content_facet(content_id: str) -> Facet:
    """Return the attribute of being attached to a foreign thing."""
    return ("content", short(content_id))


def facets(entry: Entry) -> list[Facet]:
    """Return the attributes of a file that can be filtered on."""
    found = [
        ("type", entry.type),
        ("ext", entry.extension),
        ("status", entry.status),
        ("visibility", entry.visibility),
    ]
    found += [("category", entry.category)] if entry.category else []
    found += [content_facet(entry.content_id)] if entry.content_id else []
    return found + sorted(tag_facet(tag) for tag in entry.tags)


def fold(text: str) -> str:
    """Return the form in which names are ordered: without differences of case and of compatibility."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_key(entry: Entry) -> str:
    """Return the key of the order by name."""
    return f"{fold(entry.filename)[:MAX_NAME_KEY]}{SEPARATOR}{entry.file_id}"


def size_text(size: int) -> str:
    """Return a size as text whose alphabetical order is the order of numbers."""
    return f"{size:0{SIZE_DIGITS}x}"


def postings(entry: Entry | None) -> frozenset[Posting]:
    """Return every posting of a file; None, a file that is not there, has none."""
    if entry is None:
        return frozenset()
    known = facets(entry)
    projected = {"f": "".join(mark(facet) for facet in known)}
    ordered = projected | {"n": name_key(entry), "z": size_text(entry.size) + entry.file_id}
    if entry.trashed:
        return frozenset({_posting(list_key(entry.owner_id, TRASH), entry.file_id, ordered)})
    rows = {
        _posting(list_key(entry.owner_id, facet), entry.file_id, ordered | _for_everyone(facet, entry))
        for facet in _lists(entry)
    }
    return frozenset(rows | _word_postings(entry, projected) | _look_postings(entry))


def words_of(entry: Entry) -> dict[str, str]:
    """Return the indexed words of a file and the letters of the fields they stand in.

    At most MAX_WORD_ROWS, and for words that are only in the text MAX_TEXT_ROWS more, if there is room.
    """
    texts = {**vars(entry), "tags": " ".join(entry.tags)}
    found: dict[str, str] = {}
    for field, letter in WORD_FIELDS.items():
        for word in indexed_words(texts[field]):
            if word in found or len(found) < MAX_WORD_ROWS:
                found[word] = found.get(word, "") + letter
    others = len(_lists(entry)) + len(found) + (BANDS if entry.look else 0)
    room = min(MAX_TEXT_ROWS, MAX_ROWS - others) if entry.text else 0
    for word in indexed_words(entry.text):
        if word in found or room > 0:
            room -= word not in found
            found[word] = found.get(word, "") + TEXT_LETTER
    return found


def _lists(entry: Entry) -> list[Facet]:
    return [ALL, *(facet for facet in facets(entry) if facet not in UNLISTED)]


def _word_postings(entry: Entry, projected: dict[str, str]) -> set[Posting]:
    """One row a bucket with all its words, and for each further word a row that only the order of words shows."""
    buckets: dict[str, dict[str, str]] = {}
    for word, letters in words_of(entry).items():
        buckets.setdefault(word_list_key(entry.owner_id, word), {})[word] = letters
    also = {"pn": fold(entry.filename)[:MAX_NAME_KEY], "pz": size_text(entry.size)}
    rows = set()
    places = _places(entry)
    for key, words in buckets.items():
        written = " " + "".join(
            f"{word}/{''.join(letter + places[word, letter] for letter in letters)} "
            for word, letters in words.items()
        )
        for number, word in enumerate(words):
            further = {"x": "1"} if number else {}
            sk = f"{entry.file_id}{FURTHER}{word}" if number else entry.file_id
            order = {"n": f"{word}{SEPARATOR}{entry.file_id}", "w": written}
            rows.add(_posting(key, sk, projected | also | order | further))
    return rows


def _places(entry: Entry) -> dict[tuple[str, str], str]:
    """Return where words stand in which field, as a row tells it: the first few places, with dots between."""
    found: dict[tuple[str, str], list[str]] = {}
    for field, letter in (*WORD_FIELDS.items(), ("text", TEXT_LETTER)):
        for number, text in enumerate(entry.tags if field == "tags" else [getattr(entry, field)]):
            for word, place in indexed_places(text):
                kept = found.setdefault((word, letter), [])
                if len(kept) < PLACES:
                    kept.append(str(place + number * BETWEEN_TAGS))
    return {key: ".".join(places) for key, places in found.items()}


def _look_postings(entry: Entry) -> set[Posting]:
    """A row in each list of looks, with nothing but its key: no change of the file but that of its content moves it."""
    if not entry.look:
        return set()
    return {
        _posting(look_list(entry.owner_id, band), look_key(entry.look, band, entry.file_id), {})
        for band in range(BANDS)
    }


def of_year(year: int, shard: int) -> str:
    """Return the partition of files of all owners that were uploaded in a year."""
    return f"{year}#{shard}"


def of_category(category_id: str) -> str:
    """Return the partition of files of all owners in a category."""
    return f"category#{category_id}"


def _for_everyone(facet: Facet, entry: Entry) -> dict[str, str]:
    """Return the attribute by which rows of two lists are found whoever the owner is."""
    if facet == ALL:
        shard = zlib.crc32(entry.file_id.encode()) % YEAR_SHARDS
        return {"p": of_year(moment_of(entry.file_id).year, shard)}
    return {"p": of_category(facet[1])} if facet[0] == "category" else {}


def _posting(key: str, sk: str, attributes: dict[str, str]) -> Posting:
    return Posting(key, sk, frozenset(attributes.items()))
