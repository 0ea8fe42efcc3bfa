"""What an encoder is fine-tuned on: courses with a response and slides, of the patients that may be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.cohort.course_slides import slides_of_courses
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.splits import inner_folds
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.study import Study
from tumorcast.slides.stain_augment import StainDraw, stain_anew
from tumorcast.slides.tile_pool import KeptTiles

U8 = NDArray[np.uint8]
_UNSEEN = -1
"""The "epoch" of tiles that decide when to stop: the same ones each time, in their own stain."""


@dataclass(frozen=True)
class TuningCourse:
    """A course with its patient, response (0 or 1) and kept tiles; `number` is its place in the study."""

    course_id: str
    patient_id: str
    label: float
    slides: tuple[KeptTiles, ...]
    number: int

    def tiles(self, count: int, epoch: int, stain: float, seed: int) -> U8:
        """At most `count` tiles [k, px, px, 3], drawn by seed, course and epoch alone, and stained anew."""
        owner = np.repeat(np.arange(len(self.slides)), [slide.count for slide in self.slides])
        row = np.concatenate([np.arange(slide.count) for slide in self.slides])
        random = np.random.default_rng([seed, self.number, epoch + 1])
        chosen = np.sort(random.permutation(len(row))[:count])
        tiles = np.concatenate(
            [self.slides[k].read(row[chosen[owner[chosen] == k]]) for k in np.unique(owner[chosen])]
        )
        if not stain or epoch == _UNSEEN:
            return tiles
        keys = np.stack([np.full(len(chosen), self.number), np.full(len(chosen), epoch + 1), chosen], axis=1)
        return stain_anew(tiles, StainDraw.drawn(stain, seed, keys))

    def fixed_tiles(self, count: int, seed: int) -> U8:
        """The tiles that decide when to stop."""
        return self.tiles(count, _UNSEEN, 0.0, seed)


def labelled_courses(study: Study, data: DataConfig, patients: frozenset[str] | None) -> pd.DataFrame:
    """`course_table` of courses with a response and a slide, of these patients (None: all), with `slides` beside.

    Raises:
        InputError: a patient that the study does not have, or fewer than four patients, or one answer alone.
    """
    courses = course_table(study, data.endpoint)
    if patients is not None:
        foreign = patients - {str(name) for name in study.patients.index}
        if foreign:
            raise InputError(
                "the study does not have some of the patients to tune on",
                got=f"{len(foreign)} of {len(patients)}",
                expected="ids of the study's patient table",
            )
        courses = courses[courses["patient_id"].isin(patients)]
    slides = slides_of_courses(study, courses, data)
    courses = courses[courses.index.isin(slides) & courses["response"].notna()]
    courses = courses.assign(slides=pd.Series(slides))
    if courses["patient_id"].nunique() < 4 or courses["response"].nunique() < 2:
        raise InputError(
            "there is too little to tune on",
            got=f"{courses['patient_id'].nunique()} patients, responses {sorted(courses['response'].unique())}",
            expected="four patients or more with a slide and a response, both responses among them",
        )
    return courses


def with_tiles(courses: pd.DataFrame, kept: dict[str, KeptTiles]) -> list[TuningCourse]:
    """The courses of which tiles are kept."""
    found = []
    for number, (course_id, course) in enumerate(courses.iterrows()):
        slides = tuple(kept[name] for name in course["slides"] if name in kept)
        if slides:
            label = float(course["response"])
            found.append(TuningCourse(str(course_id), str(course["patient_id"]), label, slides, number))
    return found


def parted(
    courses: pd.DataFrame, usable: Sequence[TuningCourse], folds: int, seed: int
) -> tuple[list[TuningCourse], list[TuningCourse]]:
    """(training, validation) by patient: the first inner fold decides when to stop."""
    ids = [course.course_id for course in usable]
    held = set(inner_folds(courses.loc[ids], ids, folds, seed)[0].test)
    inside = [course for course in usable if course.course_id not in held]
    return inside, [course for course in usable if course.course_id in held]


def batches(
    courses: Sequence[TuningCourse], size: int, epoch: int, seed: int
) -> Iterator[list[TuningCourse]]:
    """All courses once, in an order of the epoch's own."""
    order = np.random.default_rng([seed, epoch + 1, 17]).permutation(len(courses))
    for start in range(0, len(order), size):
        yield [courses[i] for i in order[start : start + size]]


def patients_of_file(path: Path) -> frozenset[str]:
    """One patient id a line."""
    if not path.is_file():
        raise InputError("there is no such list of patients", got=path)
    names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = frozenset(name for name in names if name and name != "patient_id")
    if not found:
        raise InputError(f"{path.name} names no patient", expected="one id a line")
    return found


def training_patients(study: Study, splits: Path, fold: str) -> frozenset[str]:
    """The study's patients that are not the test of a fold.

    Args:
        splits: `predictions.csv` of a run, or a `splits.csv`: columns patient_id and fold, the fold whose test the
            patient is in.
        fold: its name, "fold0"; of splits.csv also the bare value.

    Raises:
        InputError: no such file, columns or fold, or a test patient that the study does not have.
    """
    if not splits.is_file():
        raise InputError("there is no such file of folds", got=splits)
    table = pd.read_csv(splits, dtype=str)
    if not {"patient_id", "fold"} <= set(table.columns):
        raise InputError(f"{splits.name} lacks columns", got=list(table.columns), expected="patient_id, fold")
    names = table["fold"].astype(str)
    is_test = (names == fold) | ("fold" + names == fold)
    if not is_test.any():
        known = sorted(names.unique())
        raise InputError(
            f"{splits.name} has no fold of this name",
            got=fold,
            expected=", ".join(known[:10]),
            fix=did_you_mean(fold, known),
        )
    test = set(table.loc[is_test, "patient_id"].astype(str).str.strip())
    ours = {str(name): str(name).strip() for name in study.patients.index}
    foreign = test - set(ours.values())
    if foreign:
        raise InputError(
            f"the study does not have some of the test patients of {fold} in {splits.name}",
            got=f"{len(foreign)} of {len(test)}",
            expected="ids of the study's patient table (not of samples or courses) in the column patient_id",
        )
    return frozenset(name for name, plain in ours.items() if plain not in test)
