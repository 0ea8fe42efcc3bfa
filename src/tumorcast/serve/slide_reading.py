"""What a bundle makes of a slide alone, all else absent: to compare scans of one glass, never to predict a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.graph_vocabulary import NO_GENES
from tumorcast.cohort.graphs import empty_graph
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.metrics.logistic import bounded_logit
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.encode import encode_study, mismatch
from tumorcast.serve.session import BundlePredictor
from tumorcast.slides.discover import READY_SUFFIXES
from tumorcast.slides.store import read_features


@dataclass(frozen=True)
class SlideReading:
    """One slide.

    Attributes:
        name: of the file, without its folder.
        probability: of the slide alone, calibrated where the bundle can; NaN where it could not be read.
        features: [dim] mean of the tiles' features.
        pixels: `slides.appearance.Appearance.numbers`; empty for ready features.
        problem: why it could not be read; "" where it could.
    """

    name: str
    probability: float
    answers: str
    n_tiles: int
    features: NDArray[np.float64]
    pixels: dict[str, float]
    problem: str = ""

    @property
    def logit(self) -> float:
        """Of the probability."""
        return float(bounded_logit(self.probability))


def read_slides(
    bundle: Bundle, paths: Sequence[Path], cache: Path, slide_mpp: float | None = None
) -> list[SlideReading]:
    """Each slide (or file of ready features) by itself, in order; one that cannot be read says why.

    Args:
        cache: folder for features; those that are there and fit are kept.

    Raises:
        InputError: the model reads no slide, or gives no probability.
    """
    manifest = bundle.manifest
    if "slide" not in manifest.modalities or bundle.prepared.tiles is None:
        raise InputError(
            "the model reads no slide", got=", ".join(manifest.modalities), expected="a model with slides"
        )
    if manifest.heads[0] == "survival":
        raise InputError("the model gives no probability", got="survival", expected="a model of response")
    names = [f"s{k}" for k in range(len(paths))]
    table = pd.DataFrame({"slide_id": names, "path": [str(p) for p in paths], "mpp": np.nan})
    found = encode_study(bundle, _study_of(table), cache, slide_mpp)
    predictor = BundlePredictor(bundle)
    made = []
    for name, path in zip(names, paths, strict=True):
        try:
            if name in found.problems:
                raise InputError(found.problems[name])
            store = path if path.suffix in READY_SUFFIXES else cache / f"{name}.h5"
            made.append(_reading(bundle, predictor, path, store, slide_mpp))
        except (TumorcastError, OSError) as error:
            nothing = np.zeros(0)
            why = error.what if isinstance(error, TumorcastError) else type(error).__name__
            made.append(SlideReading(path.name, float("nan"), "", 0, nothing, {}, why))
    return made


def _study_of(slides: pd.DataFrame) -> Study:
    nothing = pd.DataFrame()
    return Study("slides", "real", Path(), nothing, nothing, nothing, slides=slides)


def _reading(
    bundle: Bundle, predictor: BundlePredictor, path: Path, store: Path, slide_mpp: float | None
) -> SlideReading:
    bag, info = read_features(store), bundle.manifest.tile_encoder
    why = None if info is None else mismatch(bag.attrs, info)
    if why is not None:
        raise InputError(why)
    tiles = np.asarray(bag.features, np.float32)
    course = slide_alone(bundle.prepared, tiles)
    (said,) = predictor.predict([course])
    probability, answers = said.probability, ""
    if bundle.trust is not None:
        from tumorcast.evaluation.conformal import set_names

        (probability,) = bundle.trust.probability([said.probability]).tolist()
        (answers,) = set_names(bundle.trust.sets([said.probability]))
    mean = tiles.mean(axis=0, dtype=np.float64)
    pixels = {} if path.suffix in READY_SUFFIXES else _pixels(path, slide_mpp)
    return SlideReading(path.name, float(probability), answers, len(tiles), mean, pixels)


def slide_alone(prepared: Preprocessor, tiles: NDArray[np.float32]) -> CourseArrays:
    """A course of which nothing but a slide is known, not even the treatment; tiles [T, dim]."""
    widths = {
        name: len(prepared.layers[name].transform(pd.Series(dtype=object))[0])
        for name in prepared.layer_names
    }
    return CourseArrays(
        course_id="slide",
        patient_id="slide",
        tiles=tiles,
        graph=empty_graph(prepared.graph or NO_GENES),
        burden=np.zeros(3, np.float32),
        layers={name: np.zeros(width, np.float32) for name, width in widths.items()},
        is_measured={name: np.zeros(width, bool) for name, width in widths.items()},
        treatment=np.zeros(len(prepared.treatment.features), np.float32),
        drugs=prepared.drugs.arrays((), None),
        is_present=np.array([name == "slide" for name in prepared.modalities]),
    )


def _pixels(path: Path, slide_mpp: float | None) -> dict[str, float]:
    from tumorcast.slides.appearance import appearance
    from tumorcast.slides.reader import open_slide

    with open_slide(path, slide_mpp) as slide:
        return appearance(slide).numbers()
