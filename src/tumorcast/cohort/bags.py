"""The bag of tiles of a course: the stored features of its slides, one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from tumorcast.cohort.arrays import F32, I64, Tiles
from tumorcast.cohort.cohort import Cohort
from tumorcast.domain.exclusions import Exclusion
from tumorcast.slides.bag import Stated
from tumorcast.slides.damage import UNREADABLE, first_line
from tumorcast.slides.slide_encoders import misfit, most_frequent
from tumorcast.slides.store import read_features
from tumorcast.slides.stored_rows import StoredRows, joined


@dataclass(frozen=True)
class TileBag:
    """Tiles of one course (T over all its slides).

    Attributes:
        features: [T, dim] as stored, in memory or in their files.
        coords: [T, 2] level-0 pixels within the tile's slide.
        slide_ids: one slide id a tile.
        encoder: id of the tile encoder ("" unknown).
        digests: `rows_digest` of each slide's tiles, where it is known.
    """

    features: Tiles
    coords: I64
    slide_ids: Sequence[str]
    encoder: str
    digests: tuple[str, ...] = ()


def load_bags(
    cohort: Cohort, width: int | None = None, progress: bool = False, stay_in_files: bool = False
) -> tuple[dict[str, TileBag], Cohort]:
    """Bags by course id, and the cohort with the slides that could not be used masked and reported.

    All bags must have one width (`width`, or where that is None the most frequent one) and come of one tile
    encoder (the most frequent one; bags that do not name theirs pass). A slide that is unreadable, empty or of
    another kind is excluded; a course that loses all its slides is without slide. With `stay_in_files` features of HDF5
    files are read when they are needed: memory does not grow with the slides.
    """
    read, notes = _read_all(cohort, progress, stay_in_files)
    forms = ((bag.features.shape[1], bag.encoder) for bags in read.values() for bag in bags)
    wanted, encoder = most_frequent(forms, width)
    joined = {}
    for course_id, bags in read.items():
        fitting = []
        for bag in bags:
            why = misfit(bag.features.shape[1], bag.encoder, wanted, encoder)
            if why is None:
                fitting.append(bag)
            else:
                notes.append(Exclusion("slide", bag.slide_ids[0], *why))
        if fitting:
            joined[course_id] = _join(fitting)
    return joined, mask_lost(cohort, joined, notes)


def _read_all(
    cohort: Cohort, progress: bool, stay_in_files: bool
) -> tuple[dict[str, list[TileBag]], list[Exclusion]]:
    read: dict[str, list[TileBag]] = {}
    notes = []
    rows = cohort.slides.itertuples(index=False)
    for slide in tqdm(
        rows, total=len(cohort.slides), desc="reading tiles", disable=not progress, leave=False
    ):
        try:
            known = Stated(slide_mpp=float(slide.mpp) if np.isfinite(slide.mpp) else None)
            stored = read_features(str(slide.feature_path), known, stay_in_files)
            is_usable = len(stored.features) > 0 and _is_finite(stored.features)
        except UNREADABLE as error:
            notes.append(Exclusion("slide", str(slide.slide_id), "unreadable", first_line(error)))
            continue
        if not is_usable:
            what = "no tile" if len(stored.features) == 0 else "NaN or infinite features"
            notes.append(Exclusion("slide", str(slide.slide_id), "unusable_features", what))
            continue
        ids = (str(slide.slide_id),) * len(stored.features)
        bag = TileBag(stored.features, stored.coords, ids, stored.attrs.encoder or "")
        read.setdefault(str(slide.course_id), []).append(bag)
    return read, notes


def _join(bags: list[TileBag]) -> TileBag:
    return TileBag(
        joined([bag.features for bag in bags]),
        np.concatenate([bag.coords for bag in bags]),
        tuple(slide for bag in bags for slide in bag.slide_ids),
        bags[0].encoder,
    )


def _is_finite(features: Tiles) -> bool:
    """Of features in a file the mean tells, which is kept."""
    return bool(np.isfinite(features.mean() if isinstance(features, StoredRows) else features).all())


def mask_lost(cohort: Cohort, bags: dict[str, TileBag], notes: list[Exclusion]) -> Cohort:
    """The cohort with the slides masked of courses that have no bag, and `notes` added to its report."""
    is_present = cohort.is_present.copy()
    if "slide" in is_present:
        is_present["slide"] = [course_id in bags for course_id in is_present.index]
    return cohort.keep(list(cohort.courses.index), notes).with_presence(is_present)


def features_digest(bags: Mapping[str, TileBag]) -> str:
    """sha256 (hex) over the digests of the slides of every course; those of all bags must be known."""
    lines = (f"{course_id}:{','.join(bag.digests)}\n" for course_id, bag in sorted(bags.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def tile_sample(bags: dict[str, TileBag], per_course: int, seed: int) -> Iterator[F32]:
    """At most `per_course` random tiles of each bag: enough for mean and spread."""
    random = np.random.default_rng(seed)
    for bag in bags.values():
        count = len(bag.features)
        chosen = random.choice(count, min(per_course, count), replace=False)
        yield bag.features[np.sort(chosen)]
