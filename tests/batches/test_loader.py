"""Batches come in order, ahead of the steps, and an error in one is told."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from torch.utils.data import SequentialSampler

from tumorcast.batches.dataset import make_loader


class Courses:
    """Numbers in place of courses; tells when one was read."""

    def __init__(self, count: int, damaged: int = -1) -> None:
        self.read, self.damaged = [Event() for _ in range(count)], damaged

    def __len__(self) -> int:
        return len(self.read)

    def __getitem__(self, place: int) -> int:
        self.read[place].set()
        if place == self.damaged:
            raise OSError(f"course {place} cannot be read")
        return place

    def collate(self, items: list[int]) -> list[int]:
        return items


class Batches(SequentialSampler):
    def __iter__(self) -> Any:
        return iter([[k] for k in range(len(self.data_source))])


def loader(courses: Courses) -> Any:
    return make_loader(courses, Batches(courses))  # type: ignore[arg-type]


def test_the_next_batch_is_read_while_a_step_works() -> None:
    courses = Courses(6)
    steps = iter(loader(courses))
    assert next(steps) == [0]
    assert courses.read[1].wait(timeout=10)
    assert not courses.read[4].is_set(), "memory is bounded: only some are made ahead"
    assert list(steps) == [[1], [2], [3], [4], [5]]


def test_every_epoch_gives_all_batches() -> None:
    batches = loader(Courses(4))
    assert list(batches) == list(batches) == [[0], [1], [2], [3]]


def test_an_error_comes_at_its_batch() -> None:
    steps = iter(loader(Courses(4, damaged=1)))
    assert next(steps) == [0]
    with pytest.raises(OSError, match="course 1 cannot be read"):
        next(steps)
