"""Courses of a cohort as a torch dataset, and their collation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from tumorcast.batches.batch import CourseBatch, CourseLabels, inputs_from
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack

Item = tuple[CourseArrays, int]
LABELS = ("response", "ordinal", "time_days", "is_event")


class CourseDataset(Dataset[Item]):
    """Arrays and labels of courses.

    Args:
        arrays: one a course.
        courses: the cohort's course table (labels are taken by course id).
        max_tiles: at most this many tiles a course, drawn anew for each epoch; None is all.
    """

    def __init__(
        self,
        arrays: Sequence[CourseArrays],
        courses: pd.DataFrame,
        max_tiles: int | None = None,
        seed: int = 0,
    ) -> None:
        self.arrays = list(arrays)
        ids = [course.course_id for course in self.arrays]
        self.labels = torch.from_numpy(courses.loc[ids, list(LABELS)].to_numpy(np.float32, copy=True))
        self.max_tiles, self.seed, self.epoch = max_tiles, seed, 0

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, index: int) -> Item:
        course = self.arrays[index]
        count = len(course.tiles)
        if self.max_tiles is not None and count > self.max_tiles:
            random = np.random.default_rng((self.seed, self.epoch, index))
            chosen = np.sort(random.choice(count, self.max_tiles, replace=False))
            course = replace(course, tiles=course.tiles[chosen])
        return course, index

    def collate(self, items: Sequence[Item]) -> CourseBatch:
        """Items -> one packed batch."""
        index = torch.tensor([position for _, position in items])
        courses = [course for course, _ in items]
        inputs = inputs_from(pack(courses), tuple(courses[0].layers))
        return CourseBatch(inputs, CourseLabels(*self.labels[index].unbind(1)), index)


class EpochSampler(Sampler[int]):
    """A permutation that depends on seed and epoch alone, so that a resumed run draws as an unbroken one.

    Across processes each takes every `world`-th place of the same permutation (padded by its beginning).
    """

    def __init__(self, dataset: CourseDataset, seed: int, rank: int = 0, world: int = 1) -> None:
        self.dataset, self.seed, self.rank, self.world = dataset, seed, rank, world

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer at each epoch's start."""
        self.dataset.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng((self.seed, self.dataset.epoch)).permutation(len(self.dataset))
        padded = np.resize(order, len(self) * self.world)
        return iter(int(i) for i in padded[self.rank :: self.world])

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.world)


def make_loader(
    dataset: CourseDataset, batch_size: int, sampler: EpochSampler | None = None, workers: int = 0
) -> DataLoader[CourseBatch]:
    """Batches in the sampler's order, or in the dataset's own."""
    return DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_size=batch_size,
        sampler=sampler,
        shuffle=False,
        collate_fn=dataset.collate,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )
