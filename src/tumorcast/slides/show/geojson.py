"""Scores as GeoJSON that QuPath imports: tile objects with measurements (RFC 7946; QuPath 0.5 and later)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tumorcast.slides.owner import written_whole
from tumorcast.slides.show.scores import TileScores

TOP_SHARE = 0.1
_COLOURS = {"top": (253, 231, 37), "bottom": (68, 1, 84)}


def write_geojson(path: Path, scores: TileScores, side_px: float) -> None:
    """A feature a tile: closed square in level-0 pixels, its score and rank; the top and bottom tenth are classified.

    Args:
        path: written atomically.
        scores: of the tiles.
        side_px: side of a tile in level-0 pixels.
    """
    ranks = np.argsort(np.argsort(scores.values)) / max(len(scores.values) - 1, 1)
    features = [
        _feature(int(x), int(y), side_px, float(value), float(rank), scores)
        for (x, y), value, rank in zip(scores.coords, scores.values, ranks, strict=True)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _feature(x: int, y: int, side: float, value: float, rank: float, scores: TileScores) -> dict[str, Any]:
    right, low = round(x + side, 1), round(y + side, 1)
    # counter-clockwise as the standard asks, in its axes; the first corner again at the end
    ring = [[x, y], [right, y], [right, low], [x, low], [x, y]]
    properties: dict[str, Any] = {
        "objectType": "tile",
        "measurements": {scores.name: float(f"{value:.6g}"), f"{scores.name} rank": round(rank, 4)},
    }
    kind = "top" if rank >= 1 - TOP_SHARE else "bottom" if rank <= TOP_SHARE else None
    if kind is not None and not scores.is_even:
        properties["classification"] = {"name": f"{scores.name} {kind} tenth", "color": list(_COLOURS[kind])}
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": properties,
    }
