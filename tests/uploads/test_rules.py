import pytest

from chalicelib.uploads.models import ExtensionNotAllowed, FileTooLarge
from chalicelib.uploads.rules import DEFAULT_LIMITS, MAX_FORM_BYTES, admitted_type

LAMBDA_EVENT_BYTES = 6 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "image"),
        ("a.HEIC", "image"),
        ("a.mp4", "video"),
        ("a.Mp3", "audio"),
        ("a.tar.pdf", "document"),
    ],
)
def test_the_name_says_of_which_type_a_file_claims_to_be(name: str, kind: str) -> None:
    assert admitted_type(name, 1, DEFAULT_LIMITS) == kind


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a.zip", "a", "a.jpg.sh"])
def test_other_extensions_are_refused_and_the_allowed_ones_named(name: str) -> None:
    with pytest.raises(ExtensionNotAllowed) as refusal:
        admitted_type(name, 1, DEFAULT_LIMITS)
    allowed = refusal.value.evidence["allowed"]
    assert isinstance(allowed, list)
    assert {"jpg", "mp4", "mp3", "pdf"} <= set(allowed)


@pytest.mark.parametrize("kind", DEFAULT_LIMITS)
def test_each_type_has_a_limit_of_its_own(kind: str) -> None:
    name = {"image": "a.png", "video": "a.mp4", "audio": "a.wav", "document": "a.pdf"}[kind]
    assert admitted_type(name, DEFAULT_LIMITS[kind], DEFAULT_LIMITS) == kind
    with pytest.raises(FileTooLarge) as refusal:
        admitted_type(name, DEFAULT_LIMITS[kind] + 1, DEFAULT_LIMITS)
    assert refusal.value.evidence["limit"] == DEFAULT_LIMITS[kind]


def test_the_largest_form_fits_into_a_functions_event_after_base64() -> None:
    assert MAX_FORM_BYTES * 4 / 3 + 64 * 1024 < LAMBDA_EVENT_BYTES
