"""What the model weighed: attention of tiles and genes as a table, and on pictures of the slides.

Attention says where the model looked; it is not a cause and not a diagnosis.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import TileBag
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.study import Study
from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.serve.session import Prediction
from tumorcast.slides.discover import READY_SUFFIX
from tumorcast.slides.overlay import draw_overlay
from tumorcast.slides.reader import open_slide
from tumorcast.slides.tissue import find_tissue

COLUMNS = ("course_id", "kind", "name", "x", "y", "weight")


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
    study: Study, bag: TileBag, weights: np.ndarray, folder: Path, encoder: TileEncoderInfo, label: str
) -> list[str]:
    """A picture of each slide of the bag that is an image: `FOLDER/SLIDE.png`.

    Returns:
        Why slides have no picture, one sentence each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    slides = study.slides.set_index("slide_id")
    of_slide = np.array(bag.slide_ids)
    problems = []
    for slide_id in dict.fromkeys(bag.slide_ids):
        path, mpp = Path(str(slides["path"][slide_id])), float(slides["mpp"][slide_id])
        if path.suffix == READY_SUFFIX or encoder.tile_um is None:
            problems.append(f"slide {slide_id}: features without an image or without a known tile size")
            continue
        chosen = of_slide == slide_id
        try:
            with open_slide(path, override_mpp=mpp if np.isfinite(mpp) else None) as slide:
                picture, tissue = folder / f"{slide_id}.png", find_tissue(slide)
                draw_overlay(
                    slide, tissue, bag.coords[chosen], picture, encoder.tile_um, weights[chosen], label
                )
        except (TumorcastError, OSError) as error:
            problems.append(f"slide {slide_id}: {str(error).splitlines()[0]}")
    return problems


def joined_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of several courses below each other, with their columns where there is none."""
    full = [table for table in tables if len(table)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(COLUMNS))
