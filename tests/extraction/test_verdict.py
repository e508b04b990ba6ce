"""Verdicts: what a file's extension may carry."""

import pytest

from chalicelib.extraction.filetypes import EXTENSIONS, TYPES, kind_of
from chalicelib.extraction.models import Facts, MediaMetadata, Metadata, Stream, TextMetadata
from chalicelib.extraction.verdict import Accepted, Refused, kind_and_mime_type, verdict

DEFAULTS = {
    "image": "jpg jpeg png gif webp bmp tif tiff heic avif jp2 ico svg",
    "video": "mp4 m4v mov mpg mpeg avi webm mkv 3gp ts wmv flv ogv",
    "audio": "mp3 wav ogg opus aac m4a flac aiff wma",
    "document": "pdf doc docx xls xlsx ppt pptx odt ods odp rtf txt md csv json epub",
}
SOUND, PICTURES = Stream(type="audio"), Stream(type="video")
COVER = Stream(type="video", attached_picture=True)


def facts(sniffed: str, metadata: Metadata | None = None) -> Facts:
    kind, mime_type = kind_and_mime_type(TYPES[sniffed], metadata)
    return Facts(outcome="read", sniffed=sniffed, kind=kind, mime_type=mime_type, metadata=metadata)


def media(sniffed: str, *streams: Stream) -> Facts:
    return facts(sniffed, MediaMetadata(container=sniffed, streams=streams))


def test_every_extension_of_the_contract_is_known_as_what_it_claims_to_be() -> None:
    known = {extension: kind_of(extension) for extension in EXTENSIONS}
    assert known == {extension: kind for kind, names in DEFAULTS.items() for extension in names.split()}
    assert kind_of("JPG") == "image"
    assert kind_of("exe") is None


def test_every_type_that_an_extension_may_carry_exists_and_can_be_read() -> None:
    carried = set().union(*EXTENSIONS.values())
    assert all(TYPES[name].reader and TYPES[name].kind and not TYPES[name].refusal for name in carried)


@pytest.mark.parametrize("extension", ["jpg", "JPEG"])
def test_content_under_its_own_extension_is_accepted_in_any_case(extension: str) -> None:
    assert verdict(extension, facts("jpeg")) == Accepted("image", "image/jpeg")


def test_a_picture_under_another_pictures_name_is_refused_with_both_names() -> None:
    refused = verdict("jpg", facts("png"))
    assert refused == Refused(
        "rejected", "type_mismatch", "The file's name ends in .jpg, but its content is a PNG picture."
    )


def test_an_extension_that_is_not_accepted_is_refused_whatever_it_carries() -> None:
    refused = verdict("exe", facts("png"))
    assert isinstance(refused, Refused)
    assert refused.code == "extension_not_allowed"


@pytest.mark.parametrize(
    ("extension", "found", "accepted"),
    [
        ("mov", media("mp4", SOUND, PICTURES), Accepted("video", "video/mp4")),
        ("mp4", media("mov", PICTURES), Accepted("video", "video/quicktime")),
        ("m4a", media("mp4", SOUND), Accepted("audio", "audio/mp4")),
        ("m4a", media("mp4", SOUND, COVER), Accepted("audio", "audio/mp4")),
        ("mp4", media("mp4", SOUND), Accepted("audio", "audio/mp4")),
        ("ogg", media("ogg", SOUND), Accepted("audio", "audio/ogg")),
        ("ogg", media("ogg", SOUND, PICTURES), Accepted("video", "video/ogg")),
        ("wma", media("asf", SOUND), Accepted("audio", "audio/x-ms-wma")),
        ("wmv", media("asf", PICTURES), Accepted("video", "video/x-ms-wmv")),
        ("mkv", media("webm", PICTURES), Accepted("video", "video/webm")),
        ("webm", media("webm", SOUND), Accepted("audio", "audio/webm")),
        ("mp3", media("mp3", SOUND, COVER), Accepted("audio", "audio/mpeg")),
    ],
)
def test_containers_are_compatible_inside_their_family_and_streams_decide_the_kind(
    extension: str, found: Facts, accepted: Accepted
) -> None:
    assert verdict(extension, found) == accepted


@pytest.mark.parametrize(
    ("extension", "mime_type"),
    [("txt", "text/plain"), ("md", "text/markdown"), ("csv", "text/csv"), ("json", "application/json")],
)
def test_among_texts_the_extension_decides(extension: str, mime_type: str) -> None:
    text = TextMetadata(encoding="utf-8", json_valid=True)
    assert verdict(extension, facts("text", text)) == Accepted("document", mime_type)


def test_json_that_does_not_parse_is_the_text_that_it_is() -> None:
    text = TextMetadata(encoding="utf-8", json_valid=False)
    assert verdict("json", facts("text", text)) == Accepted("document", "text/plain")


def test_an_encrypted_office_file_is_what_its_name_says() -> None:
    assert verdict("xlsx", facts("ooxml")) == Accepted("document", TYPES["xlsx"].mime_type)


def test_what_is_wrong_with_the_content_outweighs_the_name() -> None:
    bad = Facts(outcome="rejected", sniffed="html", mime_type="text/plain", code="html", message="No.")
    assert verdict("jpg", bad) == Refused("rejected", "html", "No.")


def test_a_mismatch_outweighs_a_failure_to_read() -> None:
    failed = Facts(outcome="failed", sniffed="mp4", mime_type="video/mp4", code="damaged", message="No.")
    mismatch = verdict("jpg", failed)
    assert isinstance(mismatch, Refused)
    assert mismatch.code == "type_mismatch"
    assert verdict("mp4", failed) == Refused("failed", "damaged", "No.")
