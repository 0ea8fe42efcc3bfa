"""A folder with a page on which the slide can be zoomed under its scores; opens from disk, without a server."""

from __future__ import annotations

import html
import json
import os
import shutil
import tempfile
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from tumorcast.slides.colours import purple_orange, viridis
from tumorcast.slides.lettering import round_length
from tumorcast.slides.reader import Slide
from tumorcast.slides.show.pyramid import TILE_PX, Pyramid, pyramid_of, read_zoom_tile
from tumorcast.slides.show.scores import TileScores
from tumorcast.slides.show.viewer import SCRIPT, viewer_files

_QUALITY = 82
_COLOURS = 64


def write_page(
    slide: Slide,
    scores: TileScores | None,
    tile_um: float,
    folder: Path,
    finest_mpp: float = 1.0,
    progress: bool = True,
) -> Path:
    """Write `folder` (replaced as a whole) with `index.html`, the viewer and JPEG tiles; returns the page.

    Args:
        slide: what is shown.
        scores: coloured over it; None shows the slide alone.
        tile_um: side of a scored tile.
        folder: of the page.
        finest_mpp: um/px of the finest level: half of it makes the folder four times as large.
        progress: show a bar.

    Raises:
        InputError: the viewer is not installed.
    """
    scripts = viewer_files()
    pyramid = pyramid_of(slide, finest_mpp)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as work:
        page = Path(work) / "page"
        page.mkdir()
        _write_tiles(slide, pyramid, page / "tiles", progress)
        for script in scripts:
            shutil.copyfile(script, page / script.name)
        (page / "index.html").write_text(_html(slide, scores, tile_um, pyramid), encoding="utf-8")
        if folder.exists():
            os.replace(folder, Path(work) / "old")
        os.replace(page, folder)
    return folder / "index.html"


def _write_tiles(slide: Slide, pyramid: Pyramid, folder: Path, progress: bool) -> None:
    """The finest level is read from the slide, each coarser one made of the four tiles below."""
    columns, rows = pyramid.grid(pyramid.finest)
    level = folder / str(pyramid.finest)
    level.mkdir(parents=True)
    for row in tqdm(range(rows), desc="page", unit="row", disable=not progress, leave=False):
        for column in range(columns):
            picture = Image.fromarray(read_zoom_tile(slide, pyramid, pyramid.finest, column, row))
            picture.save(level / f"{column}_{row}.jpg", quality=_QUALITY)
    for number in range(pyramid.finest - 1, -1, -1):
        _halve(folder, number, pyramid)


def _halve(folder: Path, number: int, pyramid: Pyramid) -> None:
    finer, level = folder / str(number + 1), folder / str(number)
    level.mkdir()
    columns, rows = pyramid.grid(number)
    for column in range(columns):
        for row in range(rows):
            parts = {
                (dx, dy): finer / f"{2 * column + dx}_{2 * row + dy}.jpg" for dx in (0, 1) for dy in (0, 1)
            }
            opened = {place: Image.open(path) for place, path in parts.items() if path.is_file()}
            width = sum(opened[dx, 0].width for dx in (0, 1) if (dx, 0) in opened)
            height = sum(opened[0, dy].height for dy in (0, 1) if (0, dy) in opened)
            whole = Image.new("RGB", (width, height), "white")
            for (dx, dy), part in opened.items():
                whole.paste(part, (dx * TILE_PX, dy * TILE_PX))
            half = whole.resize((max(1, ceil(width / 2)), max(1, ceil(height / 2))), Image.Resampling.BOX)
            half.save(level / f"{column}_{row}.jpg", quality=_QUALITY)


def _html(slide: Slide, scores: TileScores | None, tile_um: float, pyramid: Pyramid) -> str:
    template = files("tumorcast.slides.show").joinpath("page.html").read_text(encoding="utf-8")
    data = _data(slide, scores, tile_um, pyramid)
    # "<" would end the script element; names of slides are the user's
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return (
        template.replace("@TITLE@", html.escape(slide.path.name))
        .replace("@SCRIPT@", SCRIPT)
        .replace("@DATA@", text)
    )


def _data(slide: Slide, scores: TileScores | None, tile_um: float, pyramid: Pyramid) -> dict[str, Any]:
    width_um, height_um = (side * slide.mpp for side in slide.dimensions)
    data: dict[str, Any] = {
        "slide": slide.path.name,
        "mpp": slide.mpp,
        "pageMpp": pyramid.mpp,
        "width": pyramid.width,
        "height": pyramid.height,
        "tile": TILE_PX,
        "finest": pyramid.finest,
        "tileUm": tile_um,
        "bars": [round_length(length) for length in (50 * 2.0**k for k in range(12))],
        "size": f"{width_um / 1000:.1f} x {height_um / 1000:.1f} mm",
        "scores": None,
    }
    if scores is not None:
        low, high = scores.limits
        palette = (purple_orange if scores.has_sign else viridis)(np.linspace(0, 1, _COLOURS))
        data["scores"] = {
            "name": scores.name,
            "low": low,
            "high": high,
            "hasSign": scores.has_sign,
            "isEven": scores.is_even,
            "x": (scores.coords[:, 0] * slide.mpp).round(1).tolist(),
            "y": (scores.coords[:, 1] * slide.mpp).round(1).tolist(),
            "values": [float(f"{each:.5g}") for each in scores.values],
            "palette": palette.round().astype(int).tolist(),
        }
    return data
