import pytest
from argon2 import extract_parameters

from chalicelib.accounts.passwords import Passwords

PASSWORDS = Passwords(memory_kib=64)


def test_a_password_matches_its_own_hash_only() -> None:
    stored = PASSWORDS.hash("correct horse")
    assert PASSWORDS.matches("correct horse", stored)
    assert not PASSWORDS.matches("Correct horse", stored)


def test_the_same_password_is_stored_differently_each_time() -> None:
    assert PASSWORDS.hash("correct horse") != PASSWORDS.hash("correct horse")


def test_no_password_matches_where_there_is_no_account() -> None:
    assert not PASSWORDS.matches("correct horse", None)


@pytest.mark.parametrize("memory_kib", [64, 65_536])
def test_where_there_is_no_account_as_much_is_computed(memory_kib: int) -> None:
    passwords = Passwords(memory_kib)
    assert extract_parameters(passwords.nobodys) == extract_parameters(passwords.hash("correct horse"))


def test_hashes_are_argon2id_with_the_recommended_parameters() -> None:
    assert Passwords().hash("correct horse").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
