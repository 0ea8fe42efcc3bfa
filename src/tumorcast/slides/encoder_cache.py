"""Where exported tile encoders lie, so that encoding needs torch once at most."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tumorcast.slides.encoder_catalogue import find_record
from tumorcast.slides.encoder_names import RANDOM, parse_encoder, weights_digest

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

    Raises InputError where `encoder_id` names a weight file that does not exist or has another checksum.
    """
    told = parse_encoder(encoder_id)
    record = find_record(told.model)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", record.id if record else told.model)
    if told.file:
        name += f"-{weights_digest(told)[:16]}"
    elif told.weights:
        name += f"-{RANDOM}"
    size = f"-{tile_px}px" if tile_px else ""
    return cache_folder() / "encoders" / f"{name}{size}-v{EXPORT_VERSION}.onnx"
