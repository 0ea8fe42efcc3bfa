"""Shards: the bags of many slides below each other in one `.npy` file of half precision."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tumorcast.cohort.prepared.survey import SlideHead
from tumorcast.readers.files import write_text
from tumorcast.slides.damage import UNREADABLE, first_line
from tumorcast.slides.store import read_features
from tumorcast.slides.stored_rows import StoredRows, StoredTable, halved

UNREAD = "unreadable"
"""A slide's reason that another try may mend."""
_ROWS_AT_ONCE = 4096
_TASK_BYTES = 64 << 20
_HEADER = 128


@dataclass(frozen=True)
class Shard:
    """Slides that lie in one file in this order; `name` changes with them, so that a file is never another's."""

    name: str
    heads: tuple[SlideHead, ...]

    @property
    def tiles_file(self) -> str:
        return f"{self.name}.npy"

    @property
    def coords_file(self) -> str:
        return f"{self.name}.coords.npy"

    @property
    def rows(self) -> int:
        return sum(head.count for head in self.heads)

    @property
    def starts(self) -> list[int]:
        """First row of each slide."""
        return np.cumsum([0, *(head.count for head in self.heads[:-1])]).tolist()


@dataclass(frozen=True)
class SlideFacts:
    """What was found on reading a slide.

    Attributes:
        digest: `rows_digest` of its features.
        problem: why it is not used ("" it is), as `reason: detail`.
        is_rounded: the file held more than half precision.
    """

    digest: str = ""
    problem: str = ""
    is_rounded: bool = False


@dataclass(frozen=True)
class ShardFacts:
    """Of each slide of a shard: what was found, and the mean of its features (float32 [n, width])."""

    slides: tuple[SlideFacts, ...]
    means: NDArray[np.float32]


def plan_shards(heads: Sequence[SlideHead], shard_bytes: int) -> list[Shard]:
    """Slides in their order, filled into files of at most `shard_bytes` (a single larger slide has its own)."""
    groups: list[list[SlideHead]] = []
    room = 0
    for head in heads:
        size = 2 * head.count * head.width
        if not groups or size > room:
            groups.append([])
            room = shard_bytes
        groups[-1].append(head)
        room -= size
    return [Shard(f"tiles-{k:04d}-{_mark(group)}", tuple(group)) for k, group in enumerate(groups)]


def _mark(heads: Sequence[SlideHead]) -> str:
    return hashlib.sha256(json.dumps([asdict(head) for head in heads]).encode()).hexdigest()[:12]


def write_shards(
    shards: Sequence[Shard], folder: Path, work: Path, pool: Executor, progress: bool
) -> list[ShardFacts]:
    """Write those that are not whole yet; a shard is whole when its facts lie in `work`.

    A shard is written under another name, brought to the disk, renamed.
    """
    found = [_tried_again(shard, _facts_of(shard, folder, work), folder, work) for shard in shards]
    total = sum(len(shard.heads) for shard in shards)
    done = sum(len(facts.slides) for facts in found if facts is not None)
    with tqdm(total=total, initial=done, desc="writing tiles", disable=not progress, leave=False) as bar:
        return [
            _write(shard, folder, work, pool, bar) if facts is None else facts
            for shard, facts in zip(shards, found, strict=True)
        ]


def _facts_of(shard: Shard, folder: Path, work: Path) -> ShardFacts | None:
    try:
        told = json.loads((work / f"{shard.name}.json").read_text(encoding="utf-8"))
        means = np.load(work / f"{shard.name}.means.npy", allow_pickle=False)
        sizes = [(folder / name).stat().st_size for name in (shard.tiles_file, shard.coords_file)]
    except (OSError, ValueError):
        return None
    wide = 2 * shard.rows * shard.heads[0].width
    if sizes != [_HEADER + wide, _HEADER + 16 * shard.rows] or len(means) != len(told):
        return None
    return ShardFacts(tuple(SlideFacts(**entry) for entry in told), means)


def _write(shard: Shard, folder: Path, work: Path, pool: Executor, bar: Any) -> ShardFacts:
    parts = [folder / f"{name}.part" for name in (shard.tiles_file, shard.coords_file)]
    _empty_table(parts[0], (shard.rows, shard.heads[0].width), np.dtype(np.float16))
    _empty_table(parts[1], (shard.rows, 2), np.dtype(np.int64))
    tasks = [(parts[0], parts[1], start, heads) for start, heads in _tasks(shard)]
    slides: list[SlideFacts] = []
    means: list[NDArray[np.float32]] = []
    for facts in pool.map(_write_slides, tasks):
        slides += facts.slides
        means.append(facts.means)
        bar.update(len(facts.slides))
    for part in parts:
        _to_disk(part)
        os.replace(part, part.with_suffix(""))
    return _kept(shard, ShardFacts(tuple(slides), np.concatenate(means)), work)


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _kept(shard: Shard, facts: ShardFacts, work: Path) -> ShardFacts:
    np.save(work / f"{shard.name}.means.npy", facts.means, allow_pickle=False)
    write_text(work / f"{shard.name}.json", json.dumps([asdict(found) for found in facts.slides]))
    return facts


def _tried_again(shard: Shard, facts: ShardFacts | None, folder: Path, work: Path) -> ShardFacts | None:
    """Facts of a whole shard after another look at the slides that could not be read; their rows are still theirs."""
    if facts is None or not any(own.problem.startswith(UNREAD) for own in facts.slides):
        return facts
    slides, means = list(facts.slides), facts.means.copy()
    places = folder / shard.tiles_file, folder / shard.coords_file
    for k, (head, first) in enumerate(zip(shard.heads, shard.starts, strict=True)):
        if slides[k].problem.startswith(UNREAD):
            again = _write_slides((*places, first, [head]))
            slides[k], means[k] = again.slides[0], again.means[0]
    for place in places:
        _to_disk(place)
    return _kept(shard, ShardFacts(tuple(slides), means), work)


def _empty_table(path: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
    """A `.npy` file of this shape whose rows are still to be written."""
    with path.open("wb") as file:
        described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, described)
        if file.tell() != _HEADER:
            raise ValueError(f"a header of {file.tell()} bytes, not {_HEADER}")
        file.truncate(_HEADER + shape[0] * shape[1] * dtype.itemsize)


def _tasks(shard: Shard) -> Iterator[tuple[int, list[SlideHead]]]:
    """(first row, slides) of some megabytes each."""
    first, held, size = 0, list[SlideHead](), 0
    for start, head in zip(shard.starts, shard.heads, strict=True):
        if size > _TASK_BYTES:
            yield first, held
            first, held, size = start, [], 0
        held.append(head)
        size += 2 * head.count * head.width
    yield first, held


def _write_slides(task: tuple[Path, Path, int, list[SlideHead]]) -> ShardFacts:
    tiles, coords, first, heads = task
    facts: list[SlideFacts] = []
    means = np.zeros((len(heads), heads[0].width), np.float32)
    with tiles.open("rb+") as to_tiles, coords.open("rb+") as to_coords:
        for k, head in enumerate(heads):
            to_tiles.seek(_HEADER + 2 * first * head.width)
            to_coords.seek(_HEADER + 16 * first)
            try:
                found, total = _write_slide(head, to_tiles, to_coords)
                means[k] = total / head.count
            except _LostError as error:
                found = SlideFacts(problem=str(error))
            facts.append(found)
            first += head.count
    return ShardFacts(tuple(facts), means)


class _LostError(Exception):
    """A slide that is not used; the text is `reason: detail`."""


@contextmanager
def _reading() -> Iterator[None]:
    """What fails on reading is the slide's; what fails on writing (a full disk) is the preparation's."""
    try:
        yield
    except UNREADABLE as error:
        raise _LostError(f"{UNREAD}: {first_line(error)}") from error


def _write_slide(head: SlideHead, to_tiles: Any, to_coords: Any) -> tuple[SlideFacts, NDArray[np.float64]]:
    """Copy one bag's rows to where the files stand; a slide that fails leaves rows that nobody names."""
    with _reading():
        bag = read_features(head.path, head.stated, stay_in_file=True)
    digest, total, is_rounded = hashlib.sha256(), np.zeros(head.width), False
    if bag.features.shape != (head.count, head.width):
        raise _LostError(f"{UNREAD}: the file changed while it was prepared")
    for start in range(0, head.count, _ROWS_AT_ONCE):
        with _reading():
            rows = _raw(bag.features, slice(start, start + _ROWS_AT_ONCE))
        half = halved(rows)
        own = _sum(half)
        if not np.isfinite(own).all():
            raise _LostError("unusable_features: NaN or infinite features")
        is_rounded = is_rounded or (
            rows.dtype != half.dtype and not np.array_equal(half.astype(rows.dtype), rows)
        )
        total += own
        digest.update(half.tobytes())
        to_tiles.write(half)
    to_coords.write(np.ascontiguousarray(bag.coords, np.int64))
    return SlideFacts(digest.hexdigest(), is_rounded=is_rounded), total


def _raw(features: Any, rows: slice) -> NDArray[Any]:
    """Rows in the file's own precision."""
    if isinstance(features, StoredRows) and isinstance(features.tables[0], StoredTable):
        return features.tables[0].read_as_stored(rows)
    return np.asarray(features[rows])


def _sum(half: NDArray[np.float16]) -> NDArray[np.float64]:
    """[width] sums, in blocks of single precision."""
    total = np.zeros(half.shape[1])
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, len(half), 512):
            total += half[start : start + 512].astype(np.float32).sum(axis=0)
    return total
