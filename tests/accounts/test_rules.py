import pytest

from chalicelib.accounts.models import WeakPassword
from chalicelib.accounts.rules import MAX_PASSWORD, MIN_PASSWORD, check_password, normal_email

EMAIL = "Ana.Probe@Example.org"


@pytest.mark.parametrize(
    "password",
    [
        "x" * (MIN_PASSWORD - 1),
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "Password123",
        "QWERTYUIOP",
        "ana.probe@example.org",
        "ana.probe" + "",
        "z9!" * MAX_PASSWORD,
    ],
)
def test_passwords_that_are_guessed_early_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password, EMAIL)


@pytest.mark.parametrize(
    "password", ["correct horse", "пароль-длинный", "0190c5a7-5b5e", "写真が好きな人です。はい"]
)
def test_longer_ones_will_do_in_any_script(password: str) -> None:
    check_password(password, EMAIL)


def test_addresses_differ_neither_by_case_nor_by_spaces_around() -> None:
    assert normal_email(" Ana@Example.ORG ") == normal_email("ana@example.org")
