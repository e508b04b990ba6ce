"""Rules of accounts: the normal form of an address, and which passwords will do."""

from chalicelib.accounts.models import Account, AccountChanged, WeakPassword

MIN_PASSWORD = 10
MAX_PASSWORD = 256
MIN_DISTINCT = 5
# Ten characters or more, and still among the first that anyone tries (public breach statistics).
GUESSED_FIRST = frozenset(
    {
        "1234567890",
        "0123456789",
        "12345678910",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "qwertyuiop",
        "qwerty12345",
        "qwerty123456",
        "password12",
        "password123",
        "password1234",
        "passw0rd123",
        "iloveyou123",
        "letmein1234",
        "welcome123",
        "administrator",
        "superman123",
        "football123",
        "baseball123",
        "princess123",
        "changeme123",
        "abcdefghij",
        "abcdefghijk",
        "abc1234567",
        "q1w2e3r4t5",
    }
)


def normal_email(email: str) -> str:
    """Return the form in which addresses are compared: people do not tell capitals apart, mail servers need not."""
    return email.strip().casefold()


def check_password(password: str, email: str) -> None:
    """Refuse a password that is short, repetitive, well known or the address itself (NIST SP 800-63B, 5.1.1.2)."""
    if len(password) < MIN_PASSWORD:
        raise WeakPassword(
            f"Choose a password of at least {MIN_PASSWORD} characters.", min_length=MIN_PASSWORD
        )
    if len(password) > MAX_PASSWORD:
        raise WeakPassword(
            f"Choose a password of at most {MAX_PASSWORD} characters.", max_length=MAX_PASSWORD
        )
    if len(set(password)) < MIN_DISTINCT or password.casefold() in GUESSED_FIRST:
        raise WeakPassword("This password is guessed early. Choose another one.")
    if password.casefold() in {normal_email(email), normal_email(email).split("@")[0]}:
        raise WeakPassword("The password must not be the e-mail address.")


def check_version(account: Account, expected: int | None) -> None:
    """Raise AccountChanged when the caller expects another version than the account has."""
    if expected is not None and expected != account.version:
        raise AccountChanged(
            "The account has changed since you read it. Read it again and repeat.", version=account.version
        )
