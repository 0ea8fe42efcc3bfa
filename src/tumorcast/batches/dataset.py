"""Courses of a cohort as a torch dataset, and their collation."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, SequentialSampler

from tumorcast.batches.batch import CourseBatch, CourseLabels, inputs_from
from tumorcast.batches.budget import within_budget
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.slides.ahead import ahead

Item = tuple[CourseArrays, int]
LABELS = ("response", "ordinal", "time_days", "is_event", "size_change")
"""Columns of the course table, in the order of `CourseLabels`; an absent one is unknown for all."""
_AHEAD = 4
"""Batches that each loading process has ready."""
_AHEAD_OF_STEP = 2
"""Batches that a thread has ready where there is no such process: what waits for files does not wait for steps."""
_NOT_FOR_LOADERS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGUSR1") if hasattr(signal, name)
]
"""Signals that launchers send to a whole process group; the training process answers them for its loaders."""


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
        self.labels = torch.from_numpy(
            courses.loc[ids].reindex(columns=list(LABELS)).to_numpy(np.float32, copy=True)
        )
        self.max_tiles, self.seed = max_tiles, seed
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    @property
    def epoch(self) -> int:
        """Which draw of tiles is given; loading processes that live on see it change."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._epoch.fill_(number)

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, index: int) -> Item:
        """The course at `index`; a negative index is a stand-in (`SharedBatches`)."""
        if index < 0:
            return self.arrays[~index], index
        course = self.arrays[index]
        count = len(course.tiles)
        if self.max_tiles is not None and count > self.max_tiles:
            random = np.random.default_rng((self.seed, self.epoch, index))
            chosen = np.sort(random.choice(count, self.max_tiles, replace=False))
            course = replace(course, tiles=course.tiles[chosen])
        return course, index

    def collate(self, items: Sequence[Item]) -> CourseBatch:
        """Items -> one packed batch; a stand-in has no labels."""
        index = torch.tensor([position for _, position in items])
        is_stand_in = index < 0
        place = torch.where(is_stand_in, ~index, index)
        labels = self.labels[place].masked_fill(is_stand_in[:, None], torch.nan)
        courses = [course for course, _ in items]
        inputs = inputs_from(pack(courses), tuple(courses[0].layers))
        return CourseBatch(inputs, CourseLabels(*labels.unbind(1)), place)


class EpochSampler(Sampler[int]):
    """A permutation that depends on seed and epoch alone: the same on every process, and after a resume."""

    def __init__(self, dataset: CourseDataset, seed: int) -> None:
        self.dataset, self.seed = dataset, seed

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer at each epoch's start."""
        self.dataset.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng((self.seed, self.dataset.epoch)).permutation(len(self.dataset))
        return iter(order.tolist())

    def __len__(self) -> int:
        return len(self.dataset)


class SharedBatches(Sampler[list[int]]):
    """Global batches of an order, and of each the share of one process: every `world`-th course of it.

    No course is repeated or lost. Where a batch has fewer courses than there are processes, those that would
    have none take its first as a stand-in (`~index`), whose labels are unknown: it runs and does not count.

    Args:
        sampler: the order, the same on every process.
        batch_size: courses of a global batch.
        rank, world: this process, of so many.
    """

    def __init__(self, sampler: Sampler[int], batch_size: int, rank: int = 0, world: int = 1) -> None:
        self.sampler, self.batch_size, self.rank, self.world = sampler, batch_size, rank, world
        self.begin_at = 0
        """Global batches that the next iteration leaves out: a resumed epoch has had them."""

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sampler)
        begin, self.begin_at = self.begin_at, 0
        for start in range(begin * self.batch_size, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            yield batch[self.rank :: self.world] or [~batch[0]]

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.batch_size)  # type: ignore[arg-type]


class WholeBags(SharedBatches):
    """Batches of a dataset in its own order for evaluation, where no tile is left out: within a budget of tiles."""

    def __init__(self, dataset: CourseDataset, batch_size: int, rank: int = 0, world: int = 1) -> None:
        super().__init__(SequentialSampler(dataset), batch_size, rank, world)
        self.runs = list(within_budget(dataset.arrays, batch_size))

    def __iter__(self) -> Iterator[list[int]]:
        for run in self.runs:
            batch = list(run)
            yield batch[self.rank :: self.world] or [~batch[0]]

    def __len__(self) -> int:
        return len(self.runs)


class _Loader(DataLoader[CourseBatch]):
    """Batches made ahead of the steps: by loading processes, or else by a thread.

    No signal meets a loading process before it has learned to ignore it.
    """

    def __iter__(self) -> Any:
        with _held_back():
            batches = super().__iter__()
        return batches if self.num_workers else _by_thread(batches)


def _by_thread(batches: Iterator[CourseBatch]) -> Iterator[CourseBatch]:
    """The same batches, as many as `_AHEAD_OF_STEP` of them made before they are asked for."""
    with ThreadPoolExecutor(1) as pool:
        for made in ahead(pool, lambda _: next(batches, None), count(), _AHEAD_OF_STEP):
            batch = made.result()
            if batch is None:
                return
            yield batch


@contextmanager
def _held_back() -> Iterator[None]:
    """Signals wait in this thread, and in the processes that are started here."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_LOADERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_signals(worker: int) -> None:
    """A loading process ends when its training process says so, or is gone."""
    for number in _NOT_FOR_LOADERS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOT_FOR_LOADERS)


def make_loader(
    dataset: CourseDataset, batches: Sampler[list[int]], workers: int = 0, pin: bool = False
) -> DataLoader[CourseBatch]:
    """Packed batches of the courses that `batches` names; `workers` processes read ahead, epoch after epoch;
    with none of them a thread does, which sends nothing from process to process.

    Args:
        pin: batches go to a GPU, where there is one.
    """
    return _Loader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=batches,
        collate_fn=dataset.collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=_AHEAD if workers else None,
        pin_memory=pin and torch.cuda.is_available(),
        worker_init_fn=_ignore_signals,
    )
