"""Random libraries, changes and questions for `GET /v1/files`, and a plain model that says what the answers must be.

The model shares no code with the library: words are compared in forms written down here by hand, and every question
is answered by looking at every file.
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = {
    "Beach": "beach",
    "bead": "bead",
    "BEATRIX": "beatrix",
    "Été": "ete",
    "Straße": "strasse",
    "img_12": "img 12",
    "a": "a",
    "Ёлка": "елка",
    "ﬁnale": "finale",
    "東京旅行": "東京旅行",
    "写真": "写真",
    "ไทย": "ไทย",
}
"""Words as people write them, and as they are compared."""
ASKED = {
    **{
        text: text.casefold()
        for text in ("BEA", "bead", "beach", "im", "12", "a", "fin", "jpg", "写", "京旅")
    },
    "ÉTÉ": "ete",
    "ét": "et",
    "STRASS": "strass",
    "img12": "img 12",
    "елк": "елк",
    "ไท": "ไท",
    "東京旅行": "東京 京旅 旅行",
}
"""Words as people ask for them, and what must be found for each."""
UNSPACED = "東京旅行写真記ไทย"
TAGS = {"Sea": "sea", "sea side": "sea side", "New York": "new york", "a|b": "a|b", "東京": "東京"}
TAG_ASKED = ("SEA", "Sea  Side", "new york", "A|B", "東京")
TYPES, EXTENSIONS = ("image", "video", "audio", "document"), ("jpg", "pdf")
STATUSES = ("ready", "ready", "processing", "failed")
OWNERS = ("own", "lender", "nobody")
CATEGORIES, CONTENTS = (None, 0, 1), (None, "post/1", "event 2")
SIZES = (0, 500, 501, 10**9)
SORTS = ("created_at", "-created_at", "filename", "-filename", "size", "-size")
SECONDS = 6
"""How far apart files are made."""


@dataclass(frozen=True)
class Kept:
    """A file as the model knows it; `category` is the place of its category among those of the library."""

    id: str
    extension: str
    stem: str
    size: int
    type: str
    status: str
    category: int | None
    made: int
    visibility: str = "private"
    content_id: str | None = None
    tags: tuple[str, ...] = ()
    caption: str = ""
    custom: str = ""
    title: str = ""
    text: str = ""
    trashed: bool = False
    owner: str = "own"
    shared: bool = False
    """Whether another owner shares it with the one who asks."""

    @property
    def filename(self) -> str:
        return f"{self.stem}.{self.extension}"

    @property
    def words(self) -> set[str]:
        """All words, in the form in which they are compared; in writing without spaces whole runs."""
        texts = [compared(text) for text in (self.stem, self.caption, self.custom, self.title, self.text)]
        tags = [" ".join(compared(word) for word in tag.replace("|", " ").split()) for tag in self.tags]
        return {word for text in [*texts, *tags, self.extension] for word in text.split()}


def compared(text: str) -> str:
    """Return a text of known words as it is compared."""
    return " ".join(TEXTS.get(word, word.casefold()) for word in text.split(" "))


def identified(made: int, rest: int) -> str:
    """Return the id of a file that was made so many steps after the beginning."""
    digits = f"{int(EPOCH.timestamp() * 1000) + made * SECONDS * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{rest:012x}"


def moment(step: int) -> str:
    return (EPOCH + timedelta(seconds=step * SECONDS)).isoformat().replace("+00:00", "Z")


texts = st.lists(st.sampled_from(sorted(TEXTS)), max_size=2).map(" ".join)
stems = st.lists(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=2).map(" ".join)
tag_lists = st.lists(st.sampled_from(sorted(TAGS)), max_size=3, unique=True).map(tuple)
files = st.builds(
    Kept,
    id=st.just(""),
    extension=st.sampled_from(EXTENSIONS),
    stem=stems,
    size=st.sampled_from(SIZES),
    type=st.sampled_from(TYPES),
    status=st.sampled_from(STATUSES),
    category=st.sampled_from(CATEGORIES),
    made=st.integers(0, 5),
    visibility=st.sampled_from(("private", "private", "public")),
    content_id=st.sampled_from(CONTENTS),
    tags=tag_lists,
    caption=texts,
    custom=texts,
    title=texts,
    text=texts,
    owner=st.sampled_from(("own", "own", "lender")),
    shared=st.booleans(),
)
edits = st.fixed_dictionaries(
    {},
    optional={
        "stem": stems,
        "tags": tag_lists,
        "caption": texts,
        "visibility": st.sampled_from(("private", "public")),
        "category": st.sampled_from(CATEGORIES),
        "content_id": st.sampled_from(CONTENTS),
    },
)
changes = st.tuples(
    st.one_of(
        st.tuples(st.just("add"), files),
        st.tuples(st.just("edit"), edits),
        st.tuples(st.sampled_from(("trash", "restore", "erase")), st.none()),
    ),
    st.integers(0, 20),
)
"""What happens to a library between two pages, and to which of its files."""
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(TYPES),
    "ext": st.sampled_from(EXTENSIONS),
    "status": st.sampled_from(STATUSES),
    "visibility": st.sampled_from(("private", "public")),
    "category": st.sampled_from((0, 1)),
    "content_id": st.sampled_from(CONTENTS[1:]),
    "tag": st.lists(st.sampled_from(TAG_ASKED), min_size=1, max_size=2),
    "created_after": st.integers(0, 3),
    "created_before": st.integers(3, 6),
    "min_size": st.sampled_from(SIZES[:3]),
    "max_size": st.sampled_from(SIZES[1:]),
    "owner": st.sampled_from(OWNERS),
}
asked_texts = st.lists(st.sampled_from(sorted(ASKED)), min_size=1, max_size=2).map(" ".join)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Return a page's size, an order, and a few filters and words: with many, hardly a file fits."""
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=draw(st.integers(0, 3)), unique=True))
    asked = {"limit": draw(st.sampled_from((1, 2, 3, 100))), "sort": draw(st.sampled_from(SORTS))}
    words = {"q": draw(asked_texts)} if draw(st.integers(0, 2)) == 0 else {}
    return asked | words | {name: draw(FILTERS[name]) for name in names}


@dataclass(frozen=True)
class Question:
    """What is asked, in the model's terms."""

    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Return whose files are asked for."""
        return str(self.asked.get("owner", "own"))

    def parameters(self, owners: dict[str, str], categories: dict[str, list[str]]) -> dict[str, Any]:
        """Return what stands in the address."""
        plain = dict(self.asked)
        if "category" in plain:
            plain["category"] = categories[self.owner][plain["category"]]
        if "owner" in plain:
            plain["owner"] = owners[self.owner]
        return plain | {
            name: moment(plain[name]) for name in ("created_after", "created_before") if name in plain
        }

    def fits(self, file: Kept) -> bool:
        """Say whether a file is what is asked for."""
        asked = self.asked
        same = {
            "type": file.type,
            "ext": file.extension,
            "status": file.status,
            "visibility": file.visibility,
        }
        given: dict[str, str | int | None] = {
            "category": file.category,
            "content_id": file.content_id,
            **same,
        }
        tags = {TAGS[tag] for tag in file.tags}
        tests = [
            not file.trashed,
            file.owner == self.owner and (file.owner == "own" or file.shared),
            *(asked[name] == value for name, value in given.items() if name in asked),
            {" ".join(tag.casefold().split()) for tag in asked.get("tag", ())} <= tags,
            asked.get("created_after", 0) <= file.made < asked.get("created_before", 99),
            asked.get("min_size", 0) <= file.size <= asked.get("max_size", 10**10),
            all(any(_answers(word, one) for word in file.words) for one in self._words()),
        ]
        return all(tests)

    def key(self, file: Kept) -> tuple[str | int, str]:
        """Return by what a file is ordered."""
        name = unicodedata.normalize("NFKC", file.filename.casefold())
        by: dict[str, str | int] = {"created_at": "", "filename": name, "size": file.size}
        return by[self.asked["sort"].lstrip("-")], file.id

    def expected(self, kept: dict[str, Kept]) -> list[str]:
        """Return the answer, all pages together."""
        fitting = sorted((one for one in kept.values() if self.fits(one)), key=self.key)
        ordered = fitting[::-1] if self.asked["sort"].startswith("-") else fitting
        return [one.id for one in ordered]

    def _words(self) -> list[str]:
        return [part for word in self.asked.get("q", "").split() for part in ASKED[word].split()]


def _answers(word: str, asked: str) -> bool:
    """Latin words of three letters and more also as beginnings; without spaces, every pair must stand somewhere."""
    if asked[0] in UNSPACED:
        return asked in word
    return word == asked or (len(asked) >= 3 and word.startswith(asked))
