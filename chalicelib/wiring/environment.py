"""Reads the settings."""

from typing import TYPE_CHECKING

from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def settings(library: "Library") -> Settings:  # noqa: ARG001 - as parts are built
    """Read what the environment says. Raises SettingsInvalid, which names what is missing."""
    return Settings.from_environment()
