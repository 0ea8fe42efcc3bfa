"""From scoring files and genotypes to results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.chromosomes import build_named, chromosomes
from tumorcast.biology.pgs.dosage import AUTO, COHORT, FEW_SAMPLES, DosagePolicy
from tumorcast.biology.pgs.genotypes import GenotypeBlock
from tumorcast.biology.pgs.matching import IN_BLOCK, LEFT_OUT, NO_RECORD, MatchPolicy
from tumorcast.biology.pgs.places import PlacedRows, placed
from tumorcast.biology.pgs.score import CHROMOSOMES, PolygenicScore
from tumorcast.biology.pgs.sums import ScoreSums
from tumorcast.clinic.pgs.result import PgsRun, ScoreResult, Thresholds, Variants, concluded
from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import name_of
from tumorcast.readers.genotype_blocks import VcfGenotypes
from tumorcast.readers.genotype_formats import FIELDS
from tumorcast.readers.plink_bed import BedGenotypes
from tumorcast.readers.scoring_file import read_scoring_file
from tumorcast.readers.whole_places import WITHIN_BLOCK, GenotypeFile

_UNKNOWN_X = (
    "genotypes on X are missing, and the others do not say whether of one strand or two (--haploid-x 1)"
)


@dataclass(frozen=True)
class PgsRequest:
    """What is asked for.

    Attributes:
        fields: what of DS, GP and GT is read, in order.
        build: of the genotypes, where their header does not say.
        skip_complex: complex rows are left out instead of refusing the file.
    """

    matching: MatchPolicy = field(default_factory=MatchPolicy)
    dosage: DosagePolicy = field(default_factory=DosagePolicy)
    thresholds: Thresholds = field(default_factory=Thresholds)
    fields: Sequence[str] = FIELDS
    build: str | None = None
    skip_complex: bool = False


def run_pgs(scoring: Sequence[Path], genotypes: Sequence[Path], request: PgsRequest) -> PgsRun:
    """Read everything once and sum.

    Raises:
        InputError: no usable genotypes, or none of the scoring files can be used (one bad file of several is told).
    """
    if not scoring or not genotypes:
        raise InputError(
            "scoring files and genotypes are both needed",
            got=f"{len(scoring)} scoring files, {len(genotypes)} files of genotypes",
            expected="tumorcast pgs SCORES... VCF... --out FOLDER",
        )
    sources = [_opened(path, request.fields) for path in genotypes]
    _check_samples(sources)
    build = _build(sources, request.build)
    scores, refused = _read_scores(scoring, build, request.skip_complex)
    rows = placed(scores)
    samples = sources[0].samples
    dosage = request.dosage.among(len(samples))
    sums = ScoreSums(rows, len(samples), request.matching, dosage)
    met = np.zeros(len(rows.keys), np.int8)
    for source in sources:
        order = _order(source.samples, samples)
        for block in source.blocks(rows.keys, met):
            sums.add(block if order is None else _ordered(block, order))
    _tell_blocks(rows, met, sums)
    tumours = {n: "a tumour's by its name" for n, name in enumerate(samples) if name in sources[0].tumours}
    results = [_result(n, rows, sums, request.thresholds, tumours) for n in range(len(scores))]
    notes = _notes(results, len(samples), build, request)
    if sums.n_nan:
        notes.append(f"{sums.n_nan} dosages (DS, GP) are written as nan or NA: they count as not given")
    return PgsRun(
        samples, results, refused, build, [path.name for path in genotypes], request.matching, dosage,
        request.fields, request.thresholds, notes,
    )  # fmt: skip


def _opened(path: Path, fields: Sequence[str]) -> GenotypeFile:
    return BedGenotypes(path) if path.suffix.lower() == ".bed" else VcfGenotypes(path, fields)


def _check_samples(sources: Sequence[GenotypeFile]) -> None:
    first = sources[0]
    for source in sources[1:]:
        if set(source.samples) != set(first.samples):
            apart = sorted(set(source.samples) ^ set(first.samples))
            raise InputError(
                f"{source.name} holds other samples than {first.name}", got=", ".join(apart[:6]),
                expected="the same samples in every file (one file a chromosome)",
                fix="score other samples in a run of their own, or merge the files (bcftools merge)",
            )  # fmt: skip


def _order(own: Sequence[str], wanted: Sequence[str]) -> NDArray[np.int64] | None:
    if tuple(own) == tuple(wanted):
        return None
    at = {name: n for n, name in enumerate(own)}
    return np.array([at[name] for name in wanted], np.int64)


def _ordered(block: GenotypeBlock, order: NDArray[np.int64]) -> GenotypeBlock:
    dosages = None if block.dosages is None else block.dosages[:, order]
    return replace(block, first=block.first[:, order], second=block.second[:, order], dosages=dosages)


def _build(sources: Sequence[GenotypeFile], asked: str | None) -> str | None:
    told = {source.build: source.name for source in sources if source.build}
    if asked:
        told.setdefault(build_named(asked), "--build")
    if len(told) > 1:
        raise InputError(
            "the genotypes are on two genome builds",
            got=", ".join(f"{name}: {b}" for b, name in told.items()),
        )
    return next(iter(told), None)


def _read_scores(
    paths: Sequence[Path], build: str | None, skip_complex: bool
) -> tuple[list[PolygenicScore], dict[str, str]]:
    scores: list[PolygenicScore] = []
    failed: dict[str, InputError] = {}
    for path in paths:
        try:
            for score in read_scoring_file(path, skip_complex):
                _check_build(score, build, path)
                scores.append(_named_apart(score, scores, path))
        except InputError as error:
            failed[path.name] = error
    if not scores:
        if len(failed) == 1:
            raise next(iter(failed.values()))
        raise InputError("no scoring file can be used", got="\n".join(f"{e}" for e in failed.values()))
    return scores, {name: str(error) for name, error in failed.items()}


def _check_build(score: PolygenicScore, build: str | None, path: Path) -> None:
    if score.build and build and score.build != build:
        raise InputError(
            f"{path.name} is on another genome build than the genotypes", got=score.build, expected=build,
            fix=f"take the scoring file harmonised to {build} (PGS..._hmPOS_{build}.txt.gz)",
        )  # fmt: skip
    if (own := score.build or build) is None:
        return
    for code in np.unique(score.chromosome[score.chromosome > 0]):
        known = chromosomes(own).get(CHROMOSOMES[code - 1])
        limit = known.length if known else np.inf
        past = np.flatnonzero((score.chromosome == code) & (score.position > limit))
        if len(past):
            raise InputError(
                f"{path.name}: positions past the end of chromosome {CHROMOSOMES[code - 1]} on {own}",
                got=f"line {score.line[past[0]]}: {score.position[past[0]]:,}", expected=f"positions of {own}",
            )  # fmt: skip


def _named_apart(score: PolygenicScore, others: Sequence[PolygenicScore], path: Path) -> PolygenicScore:
    taken = {one.name for one in others}
    if score.name not in taken:
        return score
    name = name_of(path)
    if name in taken:
        raise InputError(f"{path.name} gives a score that another file gave", got=score.name)
    return replace(score, name=name)


def _tell_blocks(rows: PlacedRows, met: NDArray[np.int8], sums: ScoreSums) -> None:
    for place in np.flatnonzero(met == WITHIN_BLOCK):
        at = rows.at(int(place))
        sums.outcomes.reason[at.start : at.stop] = IN_BLOCK


def _result(
    n: int, rows: PlacedRows, sums: ScoreSums, thresholds: Thresholds, tumours: Mapping[int, str]
) -> ScoreResult:
    score, told = rows.scores[n], sums.outcomes
    at = np.flatnonzero(rows.score == n)
    row = rows.row[at]
    reason = np.full(len(score), NO_RECORD, np.int8)
    reason[list(score.left_out)] = LEFT_OUT
    reason[row] = told.reason[at]
    columns: dict[str, Any] = {
        "is_flipped": (told.is_flipped, False),
        "is_ambiguous": (told.is_ambiguous, False),
        "is_multiallelic": (told.is_multiallelic, False),
        "n_missing": (told.n_missing, 0),
        "frequency": (told.frequency, np.nan),
        "names": (told.names, None),
    }
    for name, (values, empty) in columns.items():
        columns[name] = np.full(len(score), empty, values.dtype)
        columns[name][row] = values[at]
    variants = Variants(reason, **columns)
    found, is_unknown = sums.of_score(n)
    result = concluded(score, found, sums.missing_weight[n], variants, thresholds)
    unknown = dict.fromkeys(np.flatnonzero(is_unknown).tolist(), _UNKNOWN_X)
    return replace(result, sample_refusals={**unknown, **result.sample_refusals, **tumours})


def _notes(
    results: Sequence[ScoreResult], n_samples: int, build: str | None, request: PgsRequest
) -> list[str]:
    notes = []
    if build is None:
        notes.append("the genotypes state no genome build: the scoring files' is taken (--build states one)")
    is_open = any((one.variants.n_missing > 0).any() for one in results)
    if is_open and n_samples < FEW_SAMPLES and request.dosage.missing == COHORT:
        notes.append(
            f"missing genotypes stand as the frequency among {n_samples} samples: too few to be near it"
        )
    if is_open and n_samples < FEW_SAMPLES and request.dosage.missing == AUTO:
        notes.append(
            f"missing genotypes count nothing: {n_samples} samples are too few for a frequency"
            " (--missing file or cohort lets one stand in)"
        )
    return notes
