"""pgs.json -> `PgsFindings`; a refused score has no number, and a percentile its ancestry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from tumorcast.clinic.host.findings import Ancestry, PgsFindings, RefusedFile, ScoreFinding
from tumorcast.clinic.host.json_file import contradiction, need_single, read_json

NAME, FORMAT = "pgs.json", "tumorcast-pgs-1"
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class _Score:
    score: str
    about: dict[str, str]
    n_variants: int
    match_rate: Share
    weight_coverage: Share
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Sum:
    score: str
    sum: Annotated[float, Field(allow_inf_nan=False)] | None
    refusal: str | None


@dataclass(frozen=True)
class _Sample:
    sample: str
    scores: tuple[_Sum, ...]


@dataclass(frozen=True)
class _Against:
    sample: str
    score: str
    most_similar: str | None
    n_reference: int | None
    percentile: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None
    refusal: str | None


@dataclass(frozen=True)
class _File:
    refused_files: tuple[RefusedFile, ...]
    scores: tuple[_Score, ...]
    samples: tuple[_Sample, ...]
    ancestry: tuple[_Against, ...]


_ADAPTER = TypeAdapter(_File)


def read_scores(path: Path) -> dict[str, PgsFindings]:
    """Sample -> what is said of it.

    Raises:
        InputError: a foreign or contradictory file.
    """
    told = read_json(path, NAME, FORMAT, _ADAPTER)
    need_single(NAME, [one.sample for one in told.samples])
    about = {one.score: one for one in told.scores}
    against = {(one.sample, one.score): one for one in told.ancestry}
    if unknown := {one.score for sample in told.samples for one in sample.scores} - set(about):
        raise contradiction(NAME, f"nothing is said of the score {min(unknown)}")
    return {
        one.sample: PgsFindings(
            one.sample,
            tuple(
                _finding(about[each.score], each, against.get((one.sample, each.score)))
                for each in one.scores
            ),
            told.refused_files,
        )
        for one in told.samples
    }


def _finding(about: _Score, one: _Sum, against: _Against | None) -> ScoreFinding:
    if (one.sum is None) is not bool(one.refusal):
        raise contradiction(NAME, f"{one.score} must have either a sum or the reason why it has none")
    return ScoreFinding(
        one.score, about.about.get("trait_reported", ""), about.about.get("citation", ""), about.n_variants,
        about.match_rate, about.weight_coverage, one.sum, one.refusal,
        None if against is None else _ancestry(one, against), about.notes,
    )  # fmt: skip


def _ancestry(one: _Sum, told: _Against) -> Ancestry:
    if told.percentile is not None and (one.sum is None or told.refusal or not told.most_similar):
        raise contradiction(NAME, f"{one.score} has a percentile without a sum or outside an ancestry")
    return Ancestry(told.most_similar, told.n_reference, told.percentile, told.refusal)
