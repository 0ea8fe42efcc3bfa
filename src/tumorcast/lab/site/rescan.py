"""One glass scanned twice: how much the probability changes when nothing but the scan does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image

from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.evaluation.spreads import Array
from tumorcast.lab.site.figures import share
from tumorcast.metrics.agreement import FEWEST_PAIRS, Agreement, agreement
from tumorcast.metrics.intervals import Interval
from tumorcast.readers.files import read_table
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.predict import Request, predict_with
from tumorcast.serve.slide_reading import read_slides

LIMIT = 0.1
"""Within which 95% of the changes in probability must lie, by default."""
_PICTURE_PX = 640
_COLUMNS = ["pair", "first", "second", "probability_a", "probability_b", "answers_a", "answers_b", "problem"]


@dataclass(frozen=True)
class Rescan:
    """What was found.

    Attributes:
        pairs: pair, first, second (names of the scans), probability_a, probability_b, answers_a, answers_b, problem
            ("" where both could be read); one row a pair.
        limit: within which both limits of agreement must lie.
        agreement: None where fewer than `FEWEST_PAIRS` pairs could be read.
        same_answers: share of pairs with one set of answers; None where the bundle gives none.
        is_alone: each scan was read by itself, without the patient's other data.
    """

    pairs: pd.DataFrame
    limit: float
    agreement: Agreement | None
    same_answers: Interval | None
    is_alone: bool

    @property
    def verdict(self) -> Literal["pass", "fail", "not enough cases"]:
        """Passed where the limits of agreement, with their intervals, lie within the limit; failed where one lies
        beyond it with its whole interval."""
        found = self.agreement
        if found is None:
            return "not enough cases"
        if found.lower.low >= -self.limit and found.upper.high <= self.limit:
            return "pass"
        if found.lower.high < -self.limit or found.upper.low > self.limit:
            return "fail"
        return "not enough cases"

    @property
    def read(self) -> pd.DataFrame:
        """Pairs of which both scans could be read."""
        return self.pairs[self.pairs["problem"] == ""]

    @property
    def worst(self) -> pd.Series | None:
        """The pair that changed most."""
        if self.read.empty:
            return None
        change = (self.read["probability_b"] - self.read["probability_a"]).abs()
        return self.read.iloc[int(change.to_numpy().argmax())]


def rescan_slides(
    bundle: Bundle,
    pairs: Sequence[tuple[Path, Path]],
    cache: Path,
    limit: float = LIMIT,
    mpp: float | None = None,
) -> Rescan:
    """Pairs of slide files (or of feature files), each scan read by itself."""
    flat = [path for pair in pairs for path in pair]
    readings = read_slides(bundle, flat, cache, mpp)
    rows = []
    for k, (one, two) in enumerate(zip(readings[::2], readings[1::2], strict=True)):
        problem = "; ".join(f"{each.name}: {each.problem}" for each in (one, two) if each.problem)
        rows.append(
            (
                str(k + 1),
                one.name,
                two.name,
                one.probability,
                two.probability,
                one.answers,
                two.answers,
                problem,
            )
        )
    return _made(pd.DataFrame(rows, columns=_COLUMNS), limit, is_alone=True)


def rescan_study(
    bundle: Bundle, study: Study, pairs: pd.DataFrame, request: Request, limit: float = LIMIT
) -> Rescan:
    """Pairs of a study's slides: its courses are predicted with the first scans, then with the second ones, all other
    data of the patient being the same.

    Args:
        pairs: `slide_a`, `slide_b`, ids of the study's slides of one sample each.

    Raises:
        InputError: a slide that the study does not have, of two samples, or in two pairs.
    """
    _check(study, pairs)
    tables = []
    for gone in ("slide_b", "slide_a"):
        kept = study.slides[~study.slides["slide_id"].isin(pairs[gone])]
        cache = request.cache / ("first" if gone == "slide_b" else "second")
        table = predict_with(bundle, replace(study, slides=kept), replace(request, cache=cache)).table
        tables.append(table.set_index("course_id"))
    samples = study.slides.set_index("slide_id")["sample_id"]
    patient_of = study.samples["patient_id"]
    rows = []
    for one, two in pairs[["slide_a", "slide_b"]].itertuples(index=False, name=None):
        patient = patient_of[samples[one]]
        courses = tables[0].index[tables[0]["patient_id"] == patient]
        for course in courses:
            first, second = (table.loc[course] for table in tables)
            read = [bool(pd.notna(t["probability"])) and t["n_tiles"] > 0 for t in (first, second)]
            problem = (
                ""
                if all(read)
                else str((first if not read[0] else second)["reason"] or "the slide was not used")
            )
            rows.append((str(course), one, two, first["probability"], second["probability"], first["answers"],
                         second["answers"], problem))  # fmt: skip
    return _made(pd.DataFrame(rows, columns=_COLUMNS), limit, is_alone=False)


def read_pairs(path: Path) -> pd.DataFrame:
    """A CSV with `slide_a` and `slide_b`.

    Raises:
        InputError: not there, columns missing, or no row.
    """
    table = read_table(path, ",")
    lacking = {"slide_a", "slide_b"} - set(table.columns)
    if lacking or table.empty:
        raise InputError(
            f"{path.name} is no table of pairs",
            got=f"columns {', '.join(table.columns)}, {len(table)} rows",
            expected="columns slide_a, slide_b, one pair a row",
        )
    return table


def picture_of(path: Path, mpp: float | None = None) -> bytes | None:
    """A JPEG of the whole slide, 640 px at most; None where it cannot be drawn."""
    from tumorcast.slides.reader import open_slide

    try:
        with open_slide(path, mpp) as slide:
            wanted = max(slide.dimensions) * slide.mpp / _PICTURE_PX
            picture = Image.fromarray(slide.thumbnail(wanted))
    except (TumorcastError, OSError):
        return None
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _made(pairs: pd.DataFrame, limit: float, is_alone: bool) -> Rescan:
    read = pairs[pairs["problem"] == ""]
    first, second = (read[f"probability_{side}"].to_numpy(float) for side in "ab")
    found = agreement(first, second) if len(read) >= FEWEST_PAIRS else None
    told = read[(read["answers_a"] != "") & (read["answers_b"] != "")]
    same = None
    if len(told):
        same = share(int((told["answers_a"] == told["answers_b"]).sum()), len(told))
    return Rescan(pairs, limit, found, same, is_alone)


def changes(made: Rescan) -> tuple[Array, Array]:
    """([n] means of the pairs, [n] second less first) of the pairs that could be read."""
    first, second = (made.read[f"probability_{side}"].to_numpy(float) for side in "ab")
    return (first + second) / 2, second - first


def _check(study: Study, pairs: pd.DataFrame) -> None:
    known = study.slides.set_index("slide_id")["sample_id"]
    named = [*pairs["slide_a"], *pairs["slide_b"]]
    foreign = [name for name in named if name not in known.index]
    if foreign:
        raise InputError(
            "a slide of the pairs is not in the study", got=foreign[0], expected="ids of slides.csv"
        )
    twice = pd.Index(named)[pd.Index(named).duplicated()]
    if len(twice):
        raise InputError("a slide stands in two pairs", got=twice[0], expected="each scan once")
    for one, two in pairs[["slide_a", "slide_b"]].itertuples(index=False, name=None):
        if known[one] != known[two]:
            raise InputError("two scans of one pair are of different samples", got=f"{one}, {two}",
                             expected="one glass, one sample")  # fmt: skip


def as_record(made: Rescan) -> dict[str, object]:
    """Plain values without a patient or a file."""
    found = made.agreement
    return {
        "pairs": len(made.pairs), "read": len(made.read), "limit": made.limit, "verdict": made.verdict,
        "is_alone": made.is_alone,
        "bias": None if found is None else found.bias.as_dict(),
        "lower": None if found is None else found.lower.as_dict(),
        "upper": None if found is None else found.upper.as_dict(),
        "within": None if found is None else found.within.as_dict(),
        "between": None if found is None else found.between,
        "same_answers": None if made.same_answers is None else made.same_answers.as_dict(),
        "worst_change": float(np.abs(changes(made)[1]).max()) if len(made.read) else None,
    }  # fmt: skip
