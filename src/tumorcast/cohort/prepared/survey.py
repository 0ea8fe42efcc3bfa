"""What the header of each slide's feature file says: which bags fit together, before any is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import write_text
from tumorcast.slides.bag import Stated
from tumorcast.slides.damage import UNREADABLE, first_line
from tumorcast.slides.slide_encoders import misfit, most_frequent
from tumorcast.slides.store import read_features

_AT_ONCE = 64
_KEPT_EVERY = 32


@dataclass(frozen=True)
class SlideHead:
    """One slide's bag as its file announces it; `problem` is empty where the header could be read.

    Attributes:
        mpp: um/px that the study states; None unknown.
        size, mtime_ns: of the file: the same file is not looked at again.
        count, width: tiles and features a tile.
        encoder: id of the tile encoder ("" unknown).
    """

    slide_id: str
    path: str
    mpp: float | None
    size: int = 0
    mtime_ns: int = 0
    count: int = 0
    width: int = 0
    encoder: str = ""
    problem: str = ""

    @property
    def stated(self) -> Stated:
        return Stated(slide_mpp=self.mpp)


def survey(slides: pd.DataFrame, journal: Path, pool: Executor, progress: bool) -> list[SlideHead]:
    """The heads of all different slides of a cohort, in its order; what `journal` has is taken from there."""
    named = slides.drop_duplicates(["slide_id", "feature_path"])
    wanted = [
        SlideHead(str(slide_id), str(path), float(mpp) if np.isfinite(mpp) else None)
        for slide_id, path, mpp in named[["slide_id", "feature_path", "mpp"]].to_numpy()
    ]
    known = {(head.slide_id, head.path): head for head in _read_journal(journal)}
    new = [head for head in wanted if not _is_same(known.get((head.slide_id, head.path)), head)]
    groups = [new[start : start + _AT_ONCE] for start in range(0, len(new), _AT_ONCE)]
    with tqdm(total=len(new), desc="looking at slides", disable=not progress, leave=False) as bar:
        for number, heads in enumerate(pool.map(_look, groups), start=1):
            known |= {(head.slide_id, head.path): head for head in heads}
            bar.update(len(heads))
            if number % _KEPT_EVERY == 0:
                _write_journal(journal, known.values())
    if new:
        _write_journal(journal, known.values())
    return [known[head.slide_id, head.path] for head in wanted]


def fitting(heads: list[SlideHead]) -> tuple[list[SlideHead], list[Exclusion]]:
    """Bags of the most frequent width and encoder (those that do not name theirs pass), and why the others are out."""
    notes = [Exclusion("slide", h.slide_id, "unreadable", h.problem) for h in heads if h.problem]
    notes += [
        Exclusion("slide", h.slide_id, "unusable_features", "no tile")
        for h in heads
        if not h.problem and not h.count
    ]
    usable = [head for head in heads if not head.problem and head.count]
    width, encoder = most_frequent((head.width, head.encoder) for head in usable)
    kept = []
    for head in usable:
        why = misfit(head.width, head.encoder, width, encoder)
        if why is None:
            kept.append(head)
        else:
            notes.append(Exclusion("slide", head.slide_id, *why))
    return kept, notes


def _is_same(known: SlideHead | None, head: SlideHead) -> bool:
    """Whether the journal tells of this very file; unreadable ones are tried again."""
    if known is None or known.problem or known.mpp != head.mpp:
        return False
    try:
        found = os.stat(head.path)
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (known.size, known.mtime_ns)


def _look(heads: list[SlideHead]) -> list[SlideHead]:
    return [_look_at(head) for head in heads]


def _look_at(head: SlideHead) -> SlideHead:
    try:
        found = os.stat(head.path)
        head = replace(head, size=found.st_size, mtime_ns=found.st_mtime_ns)
        bag = read_features(head.path, head.stated, stay_in_file=True)
    except UNREADABLE as error:
        return replace(head, problem=first_line(error))
    count, width = bag.features.shape
    return replace(head, count=count, width=width, encoder=bag.attrs.encoder or "")


def _read_journal(path: Path) -> list[SlideHead]:
    try:
        return [SlideHead(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _write_journal(path: Path, heads: Iterable[SlideHead]) -> None:
    write_text(path, json.dumps([asdict(head) for head in heads]))
