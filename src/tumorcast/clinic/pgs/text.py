"""pgs.txt: what a person reads, limits and policy first."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from tumorcast.biology.pgs.dosage import COHORT, FILE
from tumorcast.clinic.pgs.result import PgsRun, ScoreResult

_WIDTH = 110
_MOST_SAMPLES = 20
_LIMITS = (
    "Research use only. A sum of weights is no risk and no diagnosis, and has no meaning of its own: it compares"
    " people of one ancestry that were genotyped alike.",
    "No percentile is given without reference people of the same ancestry. Only the scores asked for are told.",
    "A variant that is not in the genotypes' file is not matched; it is never taken as reference.",
)


def text_of(run: PgsRun, ancestry: Sequence[dict[str, Any]]) -> str:
    """The whole text."""
    lines = ["Polygenic scores", *_LIMITS, "", *_policy(run), *(f"note: {note}" for note in run.notes)]
    for name, reason in run.refused_files.items():
        lines += ["", f"REFUSED {name}", *(f"  {line.strip()}" for line in reason.splitlines())]
    for n, result in enumerate(run.results):
        lines += [
            "",
            *_score_lines(run, result, [row for row in ancestry if row["score"] == result.score.name], n),
        ]
    wrapped = (textwrap.wrap(line, _WIDTH, subsequent_indent="    ") or [""] for line in lines)
    return "\n".join(part for one in wrapped for part in one) + "\n"


def _policy(run: PgsRun) -> list[str]:
    matching, dosage = run.matching, run.dosage
    missing = {
        COHORT: "as the effect allele's frequency among these samples",
        FILE: "as the scoring file's effect allele frequency, else that among these samples",
    }.get(dosage.missing, "as nothing")
    return [
        f"genotypes: {', '.join(run.files)}; {len(run.samples)} samples, build {run.build or 'not stated'}",
        f"variants: ambiguous ones {'kept' if matching.keep_ambiguous else 'left out'}, strand flips"
        f" {'turned and counted' if matching.accept_flips else 'left out'}; dosages from {', '.join(run.fields)};"
        f" missing genotypes count {missing}; a haploid allele on X counts {dosage.haploid_x}",
    ]


def _score_lines(
    run: PgsRun, result: ScoreResult, ancestry: Sequence[dict[str, Any]], number: int
) -> list[str]:
    score = result.score
    trait = score.about.get("trait_reported", "")
    lines = [f"Score {score.name}{f' ({trait})' if trait else ''}"]
    if citation := score.about.get("citation"):
        lines.append(f"  source: {citation}")
    counts = ", ".join(f"{n} {word}" for word, n in result.variants.counts().items())
    lines.append(
        f"  {len(score)} variants: {counts}; match rate {result.match_rate:.1%},"
        f" weight coverage {result.weight_coverage:.1%}"
    )
    lines += [f"  note: {note}" for note in result.notes]
    if result.refusal:
        return [*lines, f"  REFUSED, no sum: {result.refusal}"]
    by_sample = {row["sample"]: row for row in ancestry}
    for n, sample in enumerate(run.samples[:_MOST_SAMPLES]):
        told = f"{result.sums[n]:.6g}" if result.has_sum(n) else f"REFUSED: {result.sample_refusals[n]}"
        lines.append(f"  {sample}: {told}{_ancestry(by_sample.get(sample))}")
    if len(run.samples) > _MOST_SAMPLES:
        lines.append(f"  and {len(run.samples) - _MOST_SAMPLES} more samples: pgs.csv")
    return lines


def _ancestry(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    z = "".join(
        f"; {word} {row[word.lower()]:.2f}"
        for word in ("Z_norm1", "Z_norm2")
        if row[word.lower()] is not None
    )
    if row["percentile"] is None:
        return f" ({row['refusal']}{z})"
    return (
        f" (percentile {row['percentile']:.1f} among {row['n_reference']} reference people most similar,"
        f" {row['most_similar']}{z})"
    )
