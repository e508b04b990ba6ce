import pytest

from chalicelib.core.caller import Role
from chalicelib.settings import PREFIX, Settings, SettingsInvalid

NEEDED = {PREFIX + name.upper(): "x" for name in Settings.required()}


def read(**said: str) -> Settings:
    return Settings.from_environment(NEEDED | {PREFIX + name.upper(): text for name, text in said.items()})


def test_what_is_not_set_is_named_all_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.from_environment({"MEDIATHEQUE_BUCKET_NAME": "media"})
    lacking = [name for name in NEEDED if name != "MEDIATHEQUE_BUCKET_NAME"]
    assert str(refused.value).split("; ") == [f"{name} is not set" for name in lacking]


def test_settings_are_read_in_their_types() -> None:
    settings = read(
        default_role="viewer",
        registration_open="false",
        quota_bytes="5",
        size_limits='{"video": 5368709120}',
        allowed_extensions='["jpg", "pdf"]',
        malware_scan="clamd",
        rates='{"login": 3}',
    )
    assert (settings.default_role, settings.registration_open) == (Role.VIEWER, False)
    assert (settings.quota_bytes, settings.size_limits) == (5, {"video": 5 << 30})
    assert (settings.allowed_extensions, settings.malware_scan) == ({"jpg", "pdf"}, "clamd")
    assert (settings.rates, settings.free_after_hours) == ({"login": 3}, 24)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("default_role", "king"),
        ("registration_open", "perhaps"),
        ("free_after_hours", "0"),
        ("quota_bytes", "-1"),
        ("quota_bytes", "many"),
        ("argon2_memory_kib", "1.5"),
        ("size_limits", "{"),
        ("size_limits", "[]"),
        ("size_limits", '{"video": true}'),
        ("size_limits", '{"video": 5368709121}'),
        ("size_limits", '{"smell": 5}'),
        ("allowed_extensions", '{"jpg": 1}'),
        ("allowed_extensions", '["exe"]'),
        ("multipart_from_bytes", "5368709121"),
        ("malware_scan", "clam"),
        ("rates", '{"login": 0}'),
    ],
)
def test_what_will_not_do_is_refused_by_the_name_of_its_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"^{PREFIX}{name.upper()} "):
        read(**{name: text})
