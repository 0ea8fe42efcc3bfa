"""The tiles with the highest and the lowest scores, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tumorcast.slides.overlay import round_length
from tumorcast.slides.owner import written_whole
from tumorcast.slides.reader import Slide
from tumorcast.slides.show.scores import TileScores

CAPTION = "Shows what the model weighed, not a diagnosis and not a cause. Research use only."
_READ_PX = 320


def draw_sheet(slide: Slide, scores: TileScores, tile_um: float, path: Path, count: int = 8) -> None:
    """A PNG with two rows of `count` tiles: highest first above, lowest first below.

    Args:
        slide: where they are read.
        scores: of its tiles.
        tile_um: side of a tile.
        path: written atomically.
        count: tiles a row, fewer where there are fewer.
    """
    order = np.argsort(-scores.values, kind="stable")
    count = min(count, len(order))
    figure = Figure(figsize=(1.7 * count + 0.4, 4.6), dpi=130)
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, count, squeeze=False)
    bar_um = round_length(tile_um / 3)
    for row, (title, chosen) in enumerate((("highest", order[:count]), ("lowest", order[::-1][:count]))):
        for column, index in enumerate(chosen):
            place = axes[row, column]
            x, y = (int(each) for each in scores.coords[index])
            place.imshow(slide.read_tile(x, y, _READ_PX, tile_um / _READ_PX))
            place.set(xticks=[], yticks=[])
            place.set_title(f"{scores.values[index]:.3g}\n({x}, {y})", fontsize=6)
            right = _READ_PX * (0.95 - bar_um / tile_um), _READ_PX * 0.95
            place.plot(right, [_READ_PX * 0.93] * 2, color="black", linewidth=2)
        axes[row, 0].set_ylabel(f"{title} {scores.name}", fontsize=8)
    figure.suptitle(f"{slide.path.name}    tiles of {tile_um:.0f} µm, bar {bar_um:g} µm", fontsize=8)
    figure.text(0.5, 0.01, CAPTION, ha="center", fontsize=6)
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.05, top=0.84, wspace=0.05, hspace=0.3)
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png")
