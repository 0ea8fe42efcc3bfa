"""A picture of what was read: slide, tissue outline, tiles, and where given a score per tile as colour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tumorcast.slides.colours import viridis
from tumorcast.slides.flags import FLAGS
from tumorcast.slides.lettering import draw_edge, draw_scale_bar
from tumorcast.slides.overlay_page import Legend, ScoreBar, cross, page_of
from tumorcast.slides.owner import written_whole
from tumorcast.slides.pixels import Rgb
from tumorcast.slides.quality import REASONS, Grid
from tumorcast.slides.reader import Slide
from tumorcast.slides.tissue import Tissue

_PICTURE_PX = 1800
_OVERVIEW_PX = 330
_MARGIN = 0.06
_WHOLE_SLIDE_SHARE = 0.6
_COLOURS = {
    "blurred": "#e69f00",
    "fold": "#cc79a7",
    "no_colour": "#56b4e9",
    "ink": "#f0e442",
    "little_tissue": "#7f7f7f",
    "pen": "#d55e00",
    "unreadable": "#000000",
}
"""Okabe and Ito's palette, which colour-blind readers tell apart."""

_OUTLINE, _GRID = "#1b7837", "#2166ac"
_FLAG_OPACITY, _GRID_OPACITY = 0.45, 0.8
_SCORE_OPACITY = (0.12, 0.6)
_CAPTION = "Research use only."
_SCORE_CAPTION = "Colour shows what the model weighed, not a diagnosis and not a cause. Research use only."


@dataclass(frozen=True)
class _View:
    """The part of the slide that is shown; left and top in um, picture uint8 [h, w, 3]."""

    left: float
    top: float
    um_per_px: float
    picture: Rgb

    def pixels(self, corners_um: np.ndarray) -> np.ndarray:
        """[n, 2] of the picture, from um of the slide."""
        return (corners_um - (self.left, self.top)) / self.um_per_px


def draw_overlay(
    slide: Slide,
    tissue: Tissue,
    coords: np.ndarray,
    path: Path | str,
    tile_um: float,
    scores: np.ndarray | None = None,
    score_name: str = "attention",
    judged: Grid | None = None,
    refused: str = "",
) -> Path:
    """Write a PNG of the slide with tissue outline, tiles, scale bar and, for small tissue, an overview.

    Args:
        slide: what is shown.
        tissue: its tissue, outlined.
        coords: [n, 2] corners of the tiles in level-0 pixels.
        path: the PNG, written atomically.
        tile_um: side of a tile.
        scores: [n], one a tile (higher = more colour); None draws the grid alone.
        score_name: label of the colour bar.
        judged: also draw what is no tile, by its reason, and which tiles are flagged.
        refused: the code of the reason for which the slide has no tiles.
    """
    view = _view(slide, tissue, coords, tile_um)
    picture = Image.fromarray(view.picture)
    beside: Legend | ScoreBar | None = None
    if scores is not None:
        beside = _draw_scores(
            picture, view, coords * slide.mpp, tile_um, np.asarray(scores, float), score_name
        )
    else:
        _draw_grid(picture, view, coords * slide.mpp, tile_um)
        beside = _draw_judged(picture, view, judged, slide.mpp, tile_um) if judged else None
    _draw_outline(picture, view, tissue)
    draw_scale_bar(picture, view.um_per_px, 20)
    title = (
        f"{slide.path.name}    {slide.mpp:.4g} µm/px    tissue {tissue.area_mm2:.3g} mm²    "
        + (f"refused: {refused}" if refused else f"{len(coords)} tiles of {tile_um:.0f} µm")
    )  # fmt: skip
    page = page_of(
        picture, title, _CAPTION if scores is None else _SCORE_CAPTION, beside, _overview(slide, tissue, view)
    )
    with written_whole(Path(path)) as temporary:
        page.save(temporary, format="png")
    return Path(path)


def _view(slide: Slide, tissue: Tissue, coords: np.ndarray, tile_um: float) -> _View:
    """The box around tissue and tiles with a margin; the whole slide where the box is most of it."""
    whole = np.array(slide.dimensions) * slide.mpp
    rows, columns = np.nonzero(tissue.is_tissue)
    points = np.stack([columns, rows], axis=1) * tissue.mpp
    corners = coords * slide.mpp
    low = np.minimum(points.min(0, initial=np.inf), corners.min(0, initial=np.inf))
    high = np.maximum(points.max(0, initial=0) + tissue.mpp, corners.max(0, initial=0) + tile_um)
    margin = np.maximum(_MARGIN * (high - low).max(), tile_um)
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, whole)
    if np.prod(high - low) > _WHOLE_SLIDE_SHARE * np.prod(whole):
        low, high = np.zeros(2), whole
    size = high - low
    corner_px = (round(low[0] / slide.mpp), round(low[1] / slide.mpp))
    size_px = (round(size[0] / slide.mpp), round(size[1] / slide.mpp))
    um_per_px = float(size.max()) / _PICTURE_PX
    read = Image.fromarray(slide.region(corner_px, size_px, um_per_px))
    width, height = (max(1, round(side / um_per_px)) for side in size)
    picture = np.array(read.resize((width, height), Image.Resampling.BICUBIC))
    return _View(float(low[0]), float(low[1]), um_per_px, picture)


def _draw_squares(picture: Image.Image, corners: np.ndarray, side: float, colours: np.ndarray) -> None:
    """Filled; colours [n, 4], 0 to 255, of which the last is the opacity."""
    pen = ImageDraw.Draw(picture, "RGBA")
    low, high = np.rint(corners).astype(int), np.rint(corners + side).astype(int) - 1
    for (x0, y0), (x1, y1), colour in zip(low.tolist(), np.maximum(high, low).tolist(), colours.tolist()):
        pen.rectangle((x0, y0, x1, y1), fill=tuple(colour))


def _draw_grid(picture: Image.Image, view: _View, corners_um: np.ndarray, tile_um: float) -> None:
    pen = ImageDraw.Draw(picture, "RGBA")
    side, colour = round(tile_um / view.um_per_px), _rgba(_GRID, _GRID_OPACITY)
    for x, y in np.rint(view.pixels(corners_um)).astype(int).tolist():
        pen.rectangle((x, y, x + side, y + side), outline=colour)


def _draw_judged(picture: Image.Image, view: _View, grid: Grid, mpp: float, tile_um: float) -> Legend:
    """Rejected places crossed, flagged tiles shaded, each kind in a colour of its own, with counts."""
    legend = Legend([("frame", _GRID, f"tiles {len(grid.coords)}")])
    side = tile_um / view.um_per_px
    for name, bit in FLAGS.items():
        chosen = grid.coords[grid.flags & bit > 0] * mpp
        if len(chosen):
            colour = _rgba(_COLOURS[name], _FLAG_OPACITY)
            _draw_squares(picture, view.pixels(chosen), side, np.tile(colour, (len(chosen), 1)))
            legend.rows.append(("shade", _COLOURS[name], f"{name} {len(chosen)}"))
    for reason in REASONS:
        chosen = grid.rejected[grid.reasons == reason] * mpp + tile_um / 2
        if len(chosen):
            _draw_crosses(picture, view.pixels(chosen), float(np.clip(0.4 * side, 4, 18)), _COLOURS[reason])
            legend.rows.append(("cross", _COLOURS[reason], f"not used: {reason} {len(chosen)}"))
    return legend


def _draw_crosses(picture: Image.Image, middles: np.ndarray, side: float, colour: str) -> None:
    stamp = cross(side)
    for x, y in np.rint(middles - stamp.width / 2).astype(int).tolist():
        picture.paste(colour, (x, y), stamp)


def _draw_scores(
    picture: Image.Image, view: _View, corners_um: np.ndarray, tile_um: float, scores: np.ndarray, name: str
) -> ScoreBar:
    """Tiles in colour, the stronger the more opaque; the scale leaves out the outermost 1% at each end."""
    low, high = np.percentile(scores, (1, 99)) if len(scores) else (0.0, 1.0)
    high = high if high > low else low + 1e-9
    colours = _heat(np.clip((scores - low) / (high - low), 0, 1))
    _draw_squares(picture, view.pixels(corners_um), tile_um / view.um_per_px, colours)
    return ScoreBar(name, float(low), float(high), _heat(np.linspace(1, 0, 256)))


def _heat(share: np.ndarray) -> np.ndarray:
    """[n, 4] viridis, the stronger the more opaque."""
    opacity = 255 * np.interp(share, (0, 1), _SCORE_OPACITY)
    return np.rint(np.column_stack([viridis(share), opacity])).astype(int)


def _rgba(colour: str, opacity: float) -> tuple[int, ...]:
    return (*bytes.fromhex(colour[1:]), round(255 * opacity))


def _draw_outline(picture: Image.Image, view: _View, tissue: Tissue) -> None:
    """Tissue ends in the middle between pixels of its mask and the next ones."""
    mask = Image.fromarray(np.pad(255 * tissue.is_tissue.astype(np.uint8), 1))
    left, top = (place / tissue.mpp + 1 for place in (view.left, view.top))
    scale = view.um_per_px / tissue.mpp
    placed = mask.transform(
        picture.size, Image.Transform.AFFINE, (scale, 0, left, 0, scale, top), Image.Resampling.BILINEAR
    )
    draw_edge(picture, np.asarray(placed, np.float32) / 255, _OUTLINE)


def _overview(slide: Slide, tissue: Tissue, view: _View) -> Image.Image | None:
    """The whole slide with the shown part framed; None where the picture is the whole slide."""
    whole = np.array(slide.dimensions) * slide.mpp
    shown = np.array(view.picture.shape[1::-1]) * view.um_per_px
    if np.prod(shown) >= 0.999 * np.prod(whole):
        return None
    scale = _OVERVIEW_PX / float(whole.max())
    size = tuple(max(1, round(side * scale)) for side in whole)
    small = Image.fromarray(tissue.thumbnail).resize((size[0], size[1]), Image.Resampling.LANCZOS)
    corner = np.array((view.left, view.top)) * scale
    ImageDraw.Draw(small).rectangle((*corner, *(corner + shown * scale)), outline=_OUTLINE, width=2)
    return small
