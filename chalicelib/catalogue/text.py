"""Words: one rule for indexing text and for asking for it.

Text is compared without case, compatibility forms, the accents of Latin, Greek and Cyrillic and the vowel points of
Hebrew and Arabic (kana's dakuten and Indic vowel signs stay), and without what is not seen, such as soft hyphens.
Letters and digits are words apart: `IMG_1234` is "img" and "1234". Scripts written without spaces are taken in pairs
of characters, so any two that stand together are found.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

MAX_WORD = 32
PREFIX_FROM = 3
"""Words of fewer characters match as a whole only."""
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}  # noqa: RUF001 - as meant
)
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u0640\u064b-\u0652\u0670]")
_UNSEEN = re.compile("[\u00ad\u200c\u200d\u2060\ufeff]")
# Kana, Han (and beyond the basic plane) with its marks of iteration, Hangul, Thai and Lao, Myanmar, Khmer.
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff]"
)


def plain(text: str) -> str:
    """Return the form in which texts are compared."""
    split = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", split)).translate(_PLAIN)


def indexed_words(text: str) -> list[str]:
    """Return the words under which a text is found, in its order and each once."""
    return list(dict.fromkeys(word for word, _ in indexed_places(text)))


def indexed_places(text: str) -> list[tuple[str, int]]:
    """Return the words under which a text is found, and where they stand: the next word one further."""
    # The last character alone, too: a question of one character is a prefix of the pair that it begins.
    return _placed(text, lambda run: [run[at : at + 2] for at in range(len(run))])


def asked_words(text: str) -> tuple[str, ...]:
    """Return the words that must all match, each once."""
    return tuple(dict.fromkeys(word for word, _ in asked_places(text)))


def asked_places(text: str) -> list[tuple[str, int]]:
    """Return the words of a phrase, and where they stand from its beginning on."""
    return _placed(text, lambda run: [run[at : at + 2] for at in range(len(run) - 1)] or [run])


def _placed(text: str, pairs: Callable[[str], list[str]]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    place = 0
    for kind, run in _runs(text):
        words = pairs(run) if kind == "unspaced" else [run[:MAX_WORD]]
        found += [(word, place + at) for at, word in enumerate(words)]
        place += len(run) if kind == "unspaced" else 1
    return found


def sequence(text: str) -> str:
    """Return all words of a text in their order, between spaces; without spaces, each character: to find phrases in."""
    parts = [" ".join(run) if kind == "unspaced" else run for kind, run in _runs(text)]
    return "".join(f" {part}" for part in parts)


def bucket(word: str) -> str:
    """Return the list that holds a word: its first three letters, or one character of an unspaced script."""
    return word[0] if _UNSPACED.match(word) else word[:PREFIX_FROM]


def is_prefix(asked: str) -> bool:
    """Tell whether an asked word also matches the words that begin with it."""
    return len(asked) >= PREFIX_FROM or bool(_UNSPACED.match(asked))


def matches(word: str, asked: str) -> bool:
    """Tell whether an indexed word answers an asked one."""
    return word == asked or (is_prefix(asked) and word.startswith(asked))


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the maximal runs of one kind of character."""
    kind, run = "", ""
    for char in plain(text):
        now = _kind(char)
        if now != kind and run:
            yield kind, run
            run = ""
        kind = now
        run += char if now else ""
    if run:
        yield kind, run


def _kind(char: str) -> str:
    kind = {"N": "digits", "L": "letters", "M": "letters"}.get(unicodedata.category(char)[0], "")
    return "unspaced" if kind and _UNSPACED.match(char) else kind
