"""Builds the package: `python -m infra.package` makes dist/template.json and its zips.

The ffprobe layer comes from the cache that all checkouts share, or is built (minutes).
"""

import sys
from pathlib import Path

from infra.local.media_tools import default_cache
from infra.package.build import ROOT, Sources, build
from infra.package.functions import CannotPackage
from layers.ffprobe import recipe
from layers.ffprobe.builder import Builder
from layers.ffprobe.recipe import LayerUnavailable

_ARCHITECTURE: recipe.Architecture = "x86_64"  # the functions'


def ffprobe_layer() -> Path:
    """Return the zip of the ffprobe layer, built if need be. Raises LayerUnavailable."""
    cache = default_cache()
    log = cache / f"{recipe.key(_ARCHITECTURE)}.log"
    return Builder(cache, _ARCHITECTURE, None, log, print).build() / "layer.zip"


def main() -> None:
    """Build, or end with the reason why not."""
    try:
        template = build(Sources(ROOT, ffprobe_layer()), ROOT / "dist", print)
    except (CannotPackage, LayerUnavailable) as refusal:
        sys.exit(str(refusal))
    print(f"Made {template.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
