"""Bags of courses over the rows of shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.cohort.arrays import F32, I64
from tumorcast.cohort.bags import TileBag
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.prepared.shards import Shard, ShardFacts
from tumorcast.domain.exclusions import Exclusion
from tumorcast.slides.stored_rows import KnownRows, MappedTable, StoredRows, mapped, rows_digest

_HALF = np.dtype(np.float16)


class TileOwners(Sequence[str]):
    """The slide of each tile, without a list as long as the tiles."""

    def __init__(self, slide_ids: Sequence[str], counts: Sequence[int]) -> None:
        self.slide_ids, self.ends = tuple(slide_ids), np.cumsum(counts)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __iter__(self) -> Iterator[str]:
        for slide_id, count in zip(self.slide_ids, np.diff(self.ends, prepend=0), strict=True):
            yield from (slide_id,) * int(count)

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        if isinstance(place, slice):
            return tuple(self)[place]
        place = range(len(self))[place]
        return self.slide_ids[int(np.searchsorted(self.ends, place, side="right"))]


@dataclass(frozen=True)
class BagIndex:
    """Where the bags lie.

    Attributes:
        shards: names of shards.
        encoder, width: of the tiles (files that do not name their encoder pass).
        tables: `bag_slides` (course_id, slide_id, shard, first, count, digest; courses together, in the order of their
            tiles), `bag_facts` (course_id, encoder, digest) and `bag_means` (row of `bag_facts` x feature).
    """

    shards: tuple[str, ...]
    encoder: str
    width: int
    tables: dict[str, pd.DataFrame]

    @classmethod
    def empty(cls) -> BagIndex:
        """Of a cohort without slides."""
        return cls((), "", 0, _tables_from([], []))


def index_bags(
    cohort: Cohort, shards: Sequence[Shard], facts: Sequence[ShardFacts], folder: Path
) -> tuple[BagIndex, list[Exclusion]]:
    """The index of all usable slides, and those that were found unusable when they were read."""
    if not shards:
        return BagIndex.empty(), []
    placed, notes = _placed(shards, facts)
    of_course: dict[str, list[_Place]] = {}
    for slide in cohort.slides.itertuples(index=False):
        place = placed.get((str(slide.slide_id), str(slide.feature_path)))
        if place is not None:
            of_course.setdefault(str(slide.course_id), []).append(place)
    names, width = tuple(shard.name for shard in shards), shards[0].heads[0].width
    bags = []
    for course_id, places in of_course.items():
        mean = np.average([place.mean for place in places], axis=0, weights=[p.count for p in places])
        digest = places[0].digest
        if len(places) > 1:
            runs = np.array([(place.shard, place.first, place.count) for place in places])
            digest = rows_digest(StoredRows(_tables(runs, _paths(names, folder), width)))
        bags.append((course_id, places[0].encoder, digest, mean.astype(np.float32)))
    slides = [(course_id, place) for course_id, places in of_course.items() for place in places]
    encoder = next((head.encoder for shard in shards for head in shard.heads if head.encoder), "")
    return BagIndex(names, encoder, width, _tables_from(slides, bags)), notes


@dataclass(frozen=True)
class _Place:
    """Where a slide's tiles lie, and what is known of them."""

    slide_id: str
    shard: int
    first: int
    count: int
    encoder: str
    digest: str
    mean: F32


def _placed(
    shards: Sequence[Shard], facts: Sequence[ShardFacts]
) -> tuple[dict[tuple[str, str], _Place], list[Exclusion]]:
    """Usable slides by id and path, and the others."""
    placed, notes = {}, []
    for number, (shard, found) in enumerate(zip(shards, facts, strict=True)):
        for head, first, own, mean in zip(shard.heads, shard.starts, found.slides, found.means, strict=True):
            if own.problem:
                reason, _, detail = own.problem.partition(": ")
                notes.append(Exclusion("slide", head.slide_id, reason, detail))
                continue
            if own.is_rounded:
                notes.append(Exclusion("slide", head.slide_id, "rounded_to_half", "kept in half precision"))
            placed[head.slide_id, head.path] = _Place(
                head.slide_id, number, first, head.count, head.encoder, own.digest, mean
            )
    return placed, notes


def _tables_from(
    slides: list[tuple[str, _Place]], bags: list[tuple[str, str, str, F32]]
) -> dict[str, pd.DataFrame]:
    rows = [(course_id, p.slide_id, p.shard, p.first, p.count, p.digest) for course_id, p in slides]
    of_slides = pd.DataFrame(
        rows, columns=["course_id", "slide_id", "shard", "first", "count", "digest"]
    ).astype({"shard": np.int64, "first": np.int64, "count": np.int64})
    means = np.stack([mean for *_, mean in bags]) if bags else np.zeros((0, 0), np.float32)
    return {
        "bag_slides": of_slides,
        "bag_facts": pd.DataFrame([bag[:3] for bag in bags], columns=["course_id", "encoder", "digest"]),
        "bag_means": pd.DataFrame(means),
    }


def open_bags(folder: Path, index: BagIndex) -> dict[str, TileBag]:
    """Bags by course id; no row is read."""
    slides = index.tables["bag_slides"]
    facts, means = index.tables["bag_facts"], index.tables["bag_means"].to_numpy()
    ids = slides["slide_id"].tolist()
    places = slides[["shard", "first", "count"]].to_numpy()
    codes = pd.factorize(slides["course_id"])[0]
    ends = np.flatnonzero(np.diff(codes, append=-1)) + 1
    marks = slides["digest"].tolist()
    paths = _paths(index.shards, folder)
    corners = [mapped(folder / f"{name}.coords.npy") for name in index.shards]
    bags, start = {}, 0
    for fact, mean, end in zip(facts.itertuples(index=False), means, ends.tolist(), strict=True):
        own = places[start:end]
        tables = _tables(own, paths, index.width)
        bags[str(fact.course_id)] = TileBag(
            StoredRows(tables, KnownRows(mean, str(fact.digest))),
            _coords(own, corners),
            TileOwners(ids[start:end], own[:, 2].tolist()),
            str(fact.encoder),
            tuple(marks[start:end]),
        )
        start = end
    return bags


def _paths(shards: Sequence[str], folder: Path) -> list[Path]:
    return [folder / f"{name}.npy" for name in shards]


def _tables(places: np.ndarray, paths: Sequence[Path], width: int) -> tuple[MappedTable, ...]:
    """Runs of rows that follow each other are one table."""
    return tuple(
        MappedTable(paths[shard], first, (count, width), _HALF) for shard, first, count in _runs(places)
    )


def _runs(places: np.ndarray) -> list[tuple[int, int, int]]:
    runs: list[tuple[int, int, int]] = []
    for shard, first, count in places.tolist():
        if runs and runs[-1][0] == shard and runs[-1][1] + runs[-1][2] == first:
            shard, first, before = runs.pop()
            count += before
        runs.append((shard, first, count))
    return runs


def _coords(places: np.ndarray, corners: Sequence[I64]) -> I64:
    parts = [corners[shard][first : first + count] for shard, first, count in _runs(places)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
