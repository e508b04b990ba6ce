"""Random libraries and questions, with a plain model that says what the answers must be."""

import random
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chalicelib.audit.service import Audit
from chalicelib.audit.store import AuditStore
from chalicelib.aws.table import Tables
from chalicelib.catalogue.categories import Categories
from chalicelib.catalogue.counters import Counters
from chalicelib.catalogue.models import Criteria, Entry, Order, Sort
from chalicelib.catalogue.rules import name_key, size_text, tag_key, words_of
from chalicelib.catalogue.service import Catalogue
from chalicelib.catalogue.store import PostingStore
from chalicelib.catalogue.text import asked_words, matches
from chalicelib.core.clock import now
from chalicelib.core.ids import moment_of
from chalicelib.core.paging import Cursors
from tests.memory_tables import MemoryTables

OWNER = "0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3a"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = (
    *("IMG_%04d.JPG", "DSC%05d.jpg", "Résumé %d.pdf", "写真旅行%d.png", "Straße-%d.heic"),
    *("отчёт %d.docx", "beach bead %d.mov", "a%d.txt"),
)
WORDS = ("beach", "bead", "Beatrix", "été", "東京旅行", "旅", "ab", "img", "12", "Ёлка", "ไทย", "a")
ASKED = (*WORDS, "bea", "写真", "dsc", "rés", "jpg", "beach bead 12.mov", "mün")
TAGS = ("beach", "München", "東京", "ab", "x ray", "Sea|Sky")
TYPES, EXTENSIONS, STATUSES = (
    ("image", "image", "video", "document"),
    ("jpg", "pdf"),
    ("ready",) * 4 + ("failed",),
)
VISIBILITIES = ("private",) * 4 + ("public",)
CATEGORIES, CONTENTS = (None, "c1", "c2"), (None, None, "post/1", "post/2")


def id_at(milliseconds: int, rest: int) -> str:
    digits = f"{int(EPOCH.timestamp() * 1000) + milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{rest:012x}"


def catalogue_on(tables: Tables, table: str, numbers: random.Random) -> Catalogue:
    def an_id() -> str:
        return id_at(numbers.randrange(10**9), numbers.getrandbits(40))

    counters = Counters(tables, table, an_id)
    cursors = Cursors(lambda: b"key")
    audit = Audit(AuditStore(tables, table), now, an_id, cursors)
    categories = Categories(tables, table, counters, audit, now, an_id)
    return Catalogue(PostingStore(tables, table), counters, categories, cursors)


@dataclass
class World:
    """A library that changes at random, and what it holds, in plain lists."""

    seed: int
    tables: Tables = field(default_factory=MemoryTables)
    table: str = "tags"
    owner: str = OWNER
    files: dict[str, Entry] = field(default_factory=dict)
    clock: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.catalogue = catalogue_on(self.tables, self.table, self.random)

    @property
    def newest(self) -> str:
        """Return an id of about now: sometimes of long ago, or to come."""
        return id_at(self.random.choice((0, self.clock, 10**9)), 0)

    def step(self) -> None:
        """Add, change, throw away, restore or erase a file."""
        dice = self.random.random()
        if dice < 0.4 or not self.files:
            self.change(None, self.new())
            return
        old = self.random.choice(list(self.files.values()))
        if dice < 0.5:
            self.change(old, None)
        elif dice < 0.6:
            self.change(old, replace(old, filename=self._name()))
        elif dice < 0.72:
            self.change(old, replace(old, tags=self._tags()))
        elif dice < 0.75:
            self.change(old, replace(old, visibility=self._one(VISIBILITIES)))
        elif dice < 0.85:
            self.change(
                old,
                replace(
                    old,
                    status=self._one(STATUSES),
                    caption=self._text(),
                    title=self._text(),
                    text=self._text(),
                ),
            )
        else:
            self.change(old, replace(old, trashed=not old.trashed))

    def change(self, before: Entry | None, after: Entry | None) -> None:
        writes = self.catalogue.changes(before, after)
        if writes:  # another order of tags changes no row
            self.tables.commit(writes)
        if before:
            del self.files[before.file_id]
        if after:
            self.files[after.file_id] = after

    def question(self) -> tuple[Criteria, Sort]:
        """Return something to look for."""
        ask = self._sometimes
        sizes = sorted(self.random.choice((0, 10, 500, 501, 10**6)) for _ in range(2))
        moments = sorted(
            EPOCH + timedelta(milliseconds=self.random.randrange(self.clock + 2)) for _ in range(2)
        )
        criteria = Criteria(
            type=ask(TYPES),
            extension=ask(EXTENSIONS),
            status=ask(STATUSES),
            visibility=ask(VISIBILITIES),
            category=ask(CATEGORIES),
            content_id=ask(CONTENTS),
            tags=tuple(self.random.sample(TAGS, self.random.choice((0, 0, 0, 1, 1, 2)))),
            created_after=ask(moments[:1]),
            created_before=ask(moments[1:]),
            min_size=ask(sizes[:1]),
            max_size=ask(sizes[1:]),
            words=" ".join(self.random.sample(ASKED, self.random.choice((0, 0, 1, 1, 2)))),
        )
        return criteria, Sort(self.random.choice(list(Order)), self.random.random() < 0.5)

    def new(self) -> Entry:
        self.clock += self.random.randrange(3)
        name = self._name()
        return Entry(
            owner_id=self.owner,
            file_id=id_at(self.clock, self.random.getrandbits(40) ^ zlib.crc32(self.owner.encode())),
            filename=name,
            size=self.random.choice((10, 500, 500, 10**6)),
            type=self._one(TYPES),
            extension=self._one(EXTENSIONS),
            status=self._one(STATUSES),
            visibility=self._one(VISIBILITIES),
            category=self.random.choice(CATEGORIES),
            content_id=self.random.choice(CONTENTS),
            tags=self._tags(),
            caption=self._text(),
        )

    def _name(self) -> str:
        return self.random.choice(NAMES) % self.random.randrange(40)

    def _text(self) -> str:
        return " ".join(self.random.sample(WORDS, self.random.randrange(3)))

    def _tags(self) -> tuple[str, ...]:
        return tuple(self.random.sample(TAGS, self.random.choice((0, 0, 1, 2, 3))))

    def _one(self, values: tuple[str, ...]) -> str:
        return self.random.choice(values)

    def _sometimes[Value](self, values: "tuple[Value, ...] | list[Value]") -> Value | None:
        return self.random.choice(values) if self.random.random() < 0.14 else None


def fits(criteria: Criteria, entry: Entry) -> bool:
    """Say whether a file is what is looked for, in the plainest way."""
    equal = (
        (criteria.type, entry.type),
        (criteria.extension, entry.extension),
        (criteria.status, entry.status),
        (criteria.visibility, entry.visibility),
        (criteria.category, entry.category),
        (criteria.content_id, entry.content_id),
    )
    if entry.trashed or any(wanted is not None and wanted != had for wanted, had in equal):
        return False
    if not {tag_key(tag) for tag in criteria.tags} <= {tag_key(tag) for tag in entry.tags}:
        return False
    created = moment_of(entry.file_id)
    early = criteria.created_after is not None and created < criteria.created_after
    late = criteria.created_before is not None and created >= criteria.created_before
    small = criteria.min_size is not None and entry.size < criteria.min_size
    large = criteria.max_size is not None and entry.size > criteria.max_size
    words = words_of(entry)
    has_all = all(any(matches(word, asked) for word in words) for asked in asked_words(criteria.words))
    return has_all and not (early or late or small or large)


def key_in(sort: Sort, entry: Entry) -> str:
    keys = {
        Order.CREATED: entry.file_id,
        Order.NAME: name_key(entry),
        Order.SIZE: size_text(entry.size) + entry.file_id,
    }
    return keys[sort.order]
