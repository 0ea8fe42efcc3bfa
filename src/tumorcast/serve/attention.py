"""What the model weighed: attention of tiles and genes as a table, and on pictures of the slides.

Attention says where the model looked; it is not a cause and not a diagnosis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import TileBag
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.study import Study
from tumorcast.serve.session import Prediction
from tumorcast.slides.discover import READY_SUFFIXES
from tumorcast.slides.slide_encoders import is_of_slides

LEAST_SPREAD = 0.05
"""Between the 1st and 99th percentile of the relative weights: below it no colours are drawn."""

COLUMNS = ("course_id", "kind", "name", "x", "y", "weight")


@dataclass(frozen=True)
class PictureSettings:
    """Of the pictures of a study.

    Attributes:
        folder: where they go.
        tile_um: side of a tile.
        label: of the colours.
        slide_mpp: um/px of level 0 that stands in where a file does not say it.
    """

    folder: Path
    tile_um: float
    label: str
    slide_mpp: float | None = None


def attention_table(
    prepared: Preprocessor, course: CourseArrays, bag: TileBag | None, said: Prediction
) -> pd.DataFrame:
    """Rows of one course: `kind` tile (name: slide, x and y: level-0 pixels) or gene; `weight`s of a kind sum to 1."""
    parts = []
    if bag is not None and len(said.tile_attention):
        x, y = bag.coords.T
        parts.append({"kind": "tile", "name": bag.slide_ids, "x": x, "y": y, "weight": said.tile_attention})
    if prepared.graph is not None and len(said.gene_attention):
        names = [prepared.graph.genes[i] for i in course.graph.node_gene]
        parts.append({"kind": "gene", "name": names, "weight": said.gene_attention})
    frames = [pd.DataFrame(part).assign(course_id=course.course_id) for part in parts]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return table.reindex(columns=list(COLUMNS)).astype({"x": "Int64", "y": "Int64"})


def draw_attention(
    study: Study, bag: TileBag, weights: NDArray[np.float32], settings: PictureSettings
) -> list[str]:
    """A picture of each slide of the bag that is an image: `FOLDER/SLIDE.png`.

    Colours are weights relative to the mean tile of the course. Where they are all but equal, colours would
    show chance: the tiles are then drawn without.

    Returns:
        Why slides have no picture or no colours, one sentence each.
    """
    from tumorcast.slides.overlay import draw_overlay
    from tumorcast.slides.reader import open_slide
    from tumorcast.slides.tissue import find_tissue

    if is_of_slides(bag.encoder):
        return [
            f"slide {name}: read as one embedding, without tiles" for name in dict.fromkeys(bag.slide_ids)
        ]
    settings.folder.mkdir(parents=True, exist_ok=True)
    slides = study.slides.set_index("slide_id")
    of_slide, relative = np.array(bag.slide_ids), weights * len(weights)
    is_even = float(np.ptp(np.percentile(relative, (1, 99)))) < LEAST_SPREAD
    problems = []
    for slide_id in dict.fromkeys(bag.slide_ids):
        chosen = of_slide == slide_id
        path, mpp = Path(str(slides["path"][slide_id])), float(slides["mpp"][slide_id])
        if path.suffix in READY_SUFFIXES:
            problems.append(f"slide {slide_id}: features without an image")
            continue
        try:
            with open_slide(path, settings.slide_mpp, mpp if np.isfinite(mpp) else None) as slide:
                draw_overlay(
                    slide,
                    find_tissue(slide),
                    bag.coords[chosen],
                    settings.folder / f"{slide_id}.png",
                    settings.tile_um,
                    None if is_even else relative[chosen],
                    settings.label,
                )
        except (TumorcastError, OSError) as error:
            problems.append(f"slide {slide_id}: {str(error).splitlines()[0]}")
        else:
            if is_even:
                problems.append(f"slide {slide_id}: drawn without colours, all tiles weigh about the same")
    return problems


def joined_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of several courses below each other, with their columns where there is none."""
    full = [table for table in tables if len(table)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(COLUMNS))
