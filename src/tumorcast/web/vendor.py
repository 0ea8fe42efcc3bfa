"""The viewer of slides, from the cache, under `/static/vendor`; its licence goes with it."""

from __future__ import annotations

from pathlib import Path

from tumorcast.domain.errors import InputError
from tumorcast.slides.show.viewer import viewer_files


def installed_viewer() -> dict[str, Path]:
    """Name -> file of script and licence; empty where the viewer is not installed."""
    try:
        return {path.name: path for path in viewer_files()}
    except InputError:
        return {}


def viewer_licence() -> str:
    """Text of the viewer's licence, "" where it is not installed."""
    licence = next((path for name, path in installed_viewer().items() if name.endswith(".txt")), None)
    return licence.read_text(encoding="utf-8") if licence else ""
