"""Where exported tile encoders lie, so that encoding needs torch once at most."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from tumorcast.domain.errors import InputError

DEFAULT_ENCODER = "efficientnet_lite0"
"""EfficientNet-Lite0 with ImageNet weights from an installed package: works offline."""

EXPORT_VERSION = 1
"""Raised when the exporter changes what the graph computes; older files are then left aside."""


def cache_folder() -> Path:
    """`$TUMORCAST_CACHE`, else `~/.cache/tumorcast`."""
    told = os.environ.get("TUMORCAST_CACHE")
    return Path(told).expanduser() if told else Path.home() / ".cache" / "tumorcast"


def cached_encoder_path(encoder_id: str, tile_px: int | None = None) -> Path:
    """Where the exported graph of an encoder lies or will lie; names of local weights follow their content.

    Raises InputError where `encoder_id` names a weight file that does not exist.
    """
    plain, _, weights = encoder_id.partition("@")
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", plain)
    if weights and weights != "random":
        name += f"-{_digest(Path(weights))[:16]}"
    elif weights:
        name += "-random"
    size = f"-{tile_px}px" if tile_px else ""
    return cache_folder() / "encoders" / f"{name}{size}-v{EXPORT_VERSION}.onnx"


def _digest(path: Path) -> str:
    if not path.is_file():
        raise InputError("there is no such weight file", got=path, fix="mend the path after @")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
