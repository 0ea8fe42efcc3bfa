"""Batches for evaluation, where bags are whole: bounded by their tiles as well as by their courses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tumorcast.cohort.arrays import CourseArrays

MOST_COURSES = 32
MOST_TILES = 131_072
"""A quarter of a gigabyte of half-precision features, 1024 wide. A larger bag is a batch of its own."""


def within_budget(
    arrays: Sequence[CourseArrays], most_courses: int = MOST_COURSES, most_tiles: int = MOST_TILES
) -> Iterator[range]:
    """Positions of courses, in their order, that make one batch each; every course once."""
    start, tiles = 0, 0
    for place, course in enumerate(arrays):
        tiles += len(course.tiles)
        if place > start and (tiles > most_tiles or place - start >= most_courses):
            yield range(start, place)
            start, tiles = place, len(course.tiles)
    if start < len(arrays):
        yield range(start, len(arrays))
