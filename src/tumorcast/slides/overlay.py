"""A picture of what was read: slide, tissue outline, tiles, and where given a score per tile as colour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from tumorcast.slides.flags import FLAGS
from tumorcast.slides.owner import written_whole
from tumorcast.slides.pixels import Rgb
from tumorcast.slides.quality import REASONS, Grid
from tumorcast.slides.reader import Slide
from tumorcast.slides.tissue import Tissue

_PICTURE_PX = 1800
_OVERVIEW_PX = 400
_DPI = 150
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
_CAPTION = "Research use only."
_SCORE_CAPTION = "Colour shows what the model weighed, not a diagnosis and not a cause. Research use only."


@dataclass(frozen=True)
class _View:
    """The part of the slide that is shown; lengths in um, pictures uint8 [h, w, 3]."""

    left: float
    top: float
    width: float
    height: float
    picture: Rgb

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """For imshow: left, right, bottom, top."""
        return self.left, self.left + self.width, self.top + self.height, self.top


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
    is_part = view.width * view.height < 0.999 * slide.dimensions[0] * slide.dimensions[1] * slide.mpp**2
    figure, axes = _page(view, 2.6 if is_part else 2.0 if judged else 1.2 if scores is not None else 0.2)
    axes.imshow(view.picture, extent=view.extent, interpolation="antialiased")
    corners_um = coords * slide.mpp
    if scores is None:
        _draw_grid(axes, corners_um, tile_um)
        if judged is not None:
            _draw_judged(figure, axes, judged, slide.mpp, tile_um)
    else:
        _draw_scores(figure, axes, corners_um, tile_um, np.asarray(scores, float), score_name)
    _draw_outline(axes, tissue)
    _draw_scale_bar(axes, view)
    axes.set(xlim=view.extent[:2], ylim=view.extent[2:], xticks=[], yticks=[])
    if is_part:
        _draw_overview(figure, slide, tissue, view)
    figure.suptitle(
        f"{slide.path.name}    {slide.mpp:.4g} µm/px    tissue {tissue.area_mm2:.3g} mm²    "
        + (f"refused: {refused}" if refused else f"{len(coords)} tiles of {tile_um:.0f} µm"),
        fontsize=8,
    )
    figure.text(0.5, 0.006, _CAPTION if scores is None else _SCORE_CAPTION, ha="center", fontsize=7)
    return _save(figure, Path(path))


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
    picture = slide.region(corner_px, size_px, float(size.max()) / _PICTURE_PX)
    return _View(float(low[0]), float(low[1]), float(size[0]), float(size[1]), picture)


def _page(view: _View, column: float) -> tuple[Figure, Axes]:
    """A page whose picture keeps the view's shape; a column (inches) at the right for colours and overview."""
    side = _PICTURE_PX / _DPI
    longest = max(view.width, view.height)
    width, height = side * view.width / longest, max(side * view.height / longest, 4.0)
    page = width + column + 0.2, height + 0.8
    figure = Figure(figsize=page, dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.2 / page[0], 0.3 / page[1], width / page[0], height / page[1]))
    return figure, axes


def _draw_grid(axes: Axes, corners_um: np.ndarray, tile_um: float) -> None:
    squares = [Rectangle((x, y), tile_um, tile_um) for x, y in corners_um]
    axes.add_collection(PatchCollection(squares, facecolor="none", edgecolor=_GRID, linewidth=0.5, alpha=0.8))


def _draw_judged(figure: Figure, axes: Axes, grid: Grid, mpp: float, tile_um: float) -> None:
    """Rejected places crossed, flagged tiles shaded, each kind in a colour of its own, with counts."""
    handles: list[Artist] = [Patch(facecolor="none", edgecolor=_GRID, label=f"tiles {len(grid.coords)}")]
    for name, bit in FLAGS.items():
        chosen = grid.coords[grid.flags & bit > 0] * mpp
        if len(chosen):
            handles.append(Patch(color=_COLOURS[name], alpha=0.45, label=f"{name} {len(chosen)}"))
            squares = [Rectangle((x, y), tile_um, tile_um) for x, y in chosen]
            axes.add_collection(PatchCollection(squares, color=_COLOURS[name], alpha=0.45, linewidth=0))
    for reason in REASONS:
        chosen = grid.rejected[grid.reasons == reason] * mpp + tile_um / 2
        if len(chosen):
            label = f"not used: {reason} {len(chosen)}"
            size = (72 / _DPI) * 0.4 * tile_um / _um_per_pixel(axes)
            handles += axes.plot(
                *chosen.T, "x", color=_COLOURS[reason], markersize=np.clip(size, 1.5, 8), label=label
            )
    left, bottom, width, _ = axes.get_position().bounds
    place = (left + width + 0.15 / figure.get_figwidth(), bottom)
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=place, fontsize=6, frameon=False)


def _um_per_pixel(axes: Axes) -> float:
    low, high = axes.get_xlim()
    return abs(high - low) / float(axes.get_window_extent().width)


def _draw_scores(
    figure: Figure, axes: Axes, corners_um: np.ndarray, tile_um: float, scores: np.ndarray, name: str
) -> None:
    """Tiles in colour, the stronger the more opaque; the scale leaves out the outermost 1% at each end."""
    low, high = np.percentile(scores, (1, 99)) if len(scores) else (0.0, 1.0)
    norm = Normalize(low, high if high > low else low + 1e-9, clip=True)
    heat = _heat()
    squares = [Rectangle((x, y), tile_um, tile_um) for x, y in corners_um]
    axes.add_collection(
        PatchCollection(squares, facecolor=heat(norm(scores)), edgecolor="none", antialiased=False)
    )
    left, bottom, width, height = axes.get_position().bounds
    inch = 1 / figure.get_figwidth()
    bar = figure.add_axes((left + width + 0.25 * inch, bottom, 0.22 * inch, height * 0.45))
    figure.colorbar(ScalarMappable(norm, heat), cax=bar, label=name)


def _heat() -> ListedColormap:
    """Viridis (no hue of haematoxylin, eosin or DAB at its strong end), the stronger the more opaque."""
    rgba = colormaps["viridis"](np.linspace(0, 1, 256))
    rgba[:, 3] = np.linspace(0.12, 0.6, 256)
    return ListedColormap(rgba)


def _draw_outline(axes: Axes, tissue: Tissue) -> None:
    height, width = tissue.is_tissue.shape
    padded = np.pad(tissue.is_tissue.astype(float), 1)
    x, y = (np.arange(-1, side + 1) + 0.5 for side in (width, height))
    axes.contour(x * tissue.mpp, y * tissue.mpp, padded, levels=[0.5], colors=_OUTLINE, linewidths=1.0)


def _draw_scale_bar(axes: Axes, view: _View) -> None:
    length = round_length(view.width / 5)
    x, y = view.left + 0.03 * view.width, view.top + view.height - 0.03 * view.height
    label = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    halo = [withStroke(linewidth=4, foreground="white")]
    axes.plot([x, x + length], [y, y], color="black", linewidth=2.5, path_effects=halo, solid_capstyle="butt")
    axes.annotate(
        label, (x + length / 2, y), (0, 5), textcoords="offset points", ha="center", fontsize=9,
        path_effects=halo,
    )  # fmt: skip


def round_length(longest_um: float) -> float:
    """The longest of 1, 2, 5, 10, ... um that is not longer than `longest_um`."""
    power = 10.0 ** np.floor(np.log10(longest_um))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest_um * (1 + 1e-9)))


def _draw_overview(figure: Figure, slide: Slide, tissue: Tissue, view: _View) -> None:
    """The whole slide at the upper right, with the shown part framed."""
    width_um, height_um = (side * slide.mpp for side in slide.dimensions)
    left, bottom, width, height = figure.axes[0].get_position().bounds
    inch_x, inch_y = 1 / figure.get_figwidth(), 1 / figure.get_figheight()
    scale = min(2.2 / width_um, 2.2 / height_um)
    size = width_um * scale * inch_x, height_um * scale * inch_y
    axes = figure.add_axes((left + width + 0.2 * inch_x, bottom + height - size[1], *size))
    axes.imshow(_shrunk(tissue.thumbnail), extent=(0, width_um, height_um, 0))
    axes.add_patch(Rectangle((view.left, view.top), view.width, view.height, fill=False, edgecolor=_OUTLINE))
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel("whole slide", fontsize=7)


def _shrunk(picture: Rgb) -> Rgb:
    step = max(1, max(picture.shape[:2]) // _OVERVIEW_PX)
    return picture[::step, ::step]


def _save(figure: Figure, path: Path) -> Path:
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png", dpi=_DPI, facecolor="white")
    return path
