"""Answers a question from files at hand, as the search answers it from lists: for what is in nobody's own lists."""

from chalicelib.catalogue.lists import Question
from chalicelib.catalogue.models import Entry, Order
from chalicelib.catalogue.rules import facets, name_key, size_text, words_of
from chalicelib.catalogue.text import matches


def position(order: Order, entry: Entry) -> str:
    """Return a file's key in an order: unique, and the same as in the lists."""
    if order is Order.CREATED:
        return entry.file_id
    return name_key(entry) if order is Order.NAME else f"{size_text(entry.size)}{entry.file_id}"


def fits(question: Question, entry: Entry) -> bool:
    """Tell whether a file is as the question says; one in the trash never is."""
    if entry.trashed or not set(question.facets) <= set(facets(entry)):
        return False
    if entry.file_id not in question.created or position(Order.SIZE, entry) not in question.size:
        return False
    words = words_of(entry)
    return all(any(matches(word, asked) for word in words) for asked in question.words)
