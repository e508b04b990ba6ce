"""Words as they are indexed and asked for, in real text of several scripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalogue.text import asked_words, bucket, indexed_words, matches, plain, sequence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("IMG_1234.JPG", ["img", "1234", "jpg"]),
        ("Straße Æther naïve", ["strasse", "aether", "naive"]),
        ("Đường phố", ["duong", "pho"]),
        ("exam\u00adple co\u200doperate", ["example", "cooperate"]),
        ("ΟΔΥΣΣΕΥΣ", ["οδυσσευσ"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー", "ー"]),
        ("人々・〇", ["人々", "々", "〇"]),  # noqa: RUF001 - the character meant
        ("ｶﾞﾗｽ", ["ガラ", "ラス", "ス"]),
        ("がん", ["がん", "ん"]),
        ("คำ", ["คํ", "ํา", "า"]),
        ("iPhone写真15", ["iphone", "写真", "真", "15"]),
        ("🎉 -- …", []),
    ],
)
def test_a_text_is_cut_into_words(text: str, words: list[str]) -> None:
    assert indexed_words(text) == words


@given(st.text(max_size=60))
def test_a_text_is_found_by_itself_and_by_each_of_its_words(text: str) -> None:
    words = indexed_words(text)
    for asked in (*asked_words(text), *words):
        found = [word for word in words if matches(word, asked)]
        assert found
        assert {bucket(word) for word in found} == {bucket(asked)}


@given(st.text(max_size=60))
def test_the_form_in_which_texts_are_compared_is_final(text: str) -> None:
    assert indexed_words(plain(text)) == indexed_words(text)


def test_a_phrase_is_words_in_their_order_whatever_stands_between() -> None:
    assert sequence("beach sunset") in sequence("old_beach-sunset.jpg")
    assert sequence("beach sun") in sequence("Beach, sunset")
    assert sequence("beach sunset") not in sequence("sunset beach")
    assert sequence("東京旅行") in sequence("私の東京旅行12")
