"""Results as rows: pgs.csv, matches.csv and pgs.json."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tumorcast import __version__
from tumorcast.biology.pgs.matching import LEFT_OUT, MATCHED, REASONS
from tumorcast.biology.pgs.score import CHROMOSOMES, EFFECT_TYPES
from tumorcast.clinic.pgs.result import PgsRun, ScoreResult

COLUMNS = ("sample", "score", "sum", "match_rate", "weight_coverage")
MATCH_COLUMNS = (
    "score", "line", "chromosome", "position", "effect_allele", "other_allele", "weight", "effect_type", "status",
    "reason", "ref", "alt", "is_flipped", "is_ambiguous", "is_multiallelic", "effect_frequency", "n_missing",
)  # fmt: skip


def shown(value: float) -> str:
    """Twelve significant digits."""
    return f"{value:.12g}"


def csv_text(run: PgsRun) -> str:
    """pgs.csv: one row a sample and score; a refusal has no sum."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for result in run.results:
        rates = (shown(round(result.match_rate, 6)), shown(round(result.weight_coverage, 6)))
        for n, sample in enumerate(run.samples):
            rows.writerow(
                (sample, result.score.name, shown(result.sums[n]) if result.has_sum(n) else "", *rates)
            )
    return text.getvalue()


def match_rows(result: ScoreResult) -> Iterator[tuple[Any, ...]]:
    """Rows of matches.csv for one score, in the file's order."""
    score, told = result.score, result.variants
    chromosomes = ("", *CHROMOSOMES)
    columns = (
        score.line, score.chromosome, score.position, score.effect, score.other, score.weight, score.effect_type,
        told.reason, told.names, told.is_flipped, told.is_ambiguous, told.is_multiallelic, told.frequency,
        told.n_missing,
    )  # fmt: skip
    for n, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        line, code, position, effect, other, weight, kind, reason, names, *flags, frequency, n_missing = row
        status = "matched" if reason == MATCHED else "excluded" if names else "unmatched"
        yield (
            score.name, line, chromosomes[code], position or "", effect, other or "", f"{weight:.12g}",
            EFFECT_TYPES[kind], status, REASONS[reason] if reason != LEFT_OUT else score.left_out[n],
            *(names or ("", "")), *("true" if flag else "false" for flag in flags),
            f"{frequency:.6g}" if frequency == frequency else "", n_missing if names else "",
        )  # fmt: skip


def as_json(run: PgsRun, ancestry: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """pgs.json (docs/pgs.md)."""
    return {
        "format": "tumorcast-pgs-1",
        "tumorcast": __version__,
        "research_use_only": True,
        "genotypes": {"files": list(run.files), "build": run.build, "n_samples": len(run.samples)},
        "policy": {
            "matching": asdict(run.matching), "dosage": asdict(run.dosage), "fields": list(run.fields),
            "least": asdict(run.thresholds),
        },
        "notes": list(run.notes),
        "refused_files": [{"file": name, "reason": reason} for name, reason in run.refused_files.items()],
        "scores": [_score_json(one) for one in run.results],
        "samples": [
            {"sample": sample, "scores": [_sample_json(one, n) for one in run.results]}
            for n, sample in enumerate(run.samples)
        ],
        "ancestry": list(ancestry),
    }  # fmt: skip


def _score_json(result: ScoreResult) -> dict[str, Any]:
    score = result.score
    return {
        "score": score.name,
        "about": dict(score.about),
        "build": score.build,
        "n_variants": len(score),
        "match_rate": result.match_rate,
        "weight_coverage": result.weight_coverage,
        "counts": result.variants.counts(),
        "refusal": result.refusal or None,
        "notes": list(result.notes),
    }


def _sample_json(result: ScoreResult, n: int) -> dict[str, Any]:
    return {
        "score": result.score.name,
        "sum": float(result.sums[n]) if result.has_sum(n) else None,
        "genotyped_weight": round(float(result.genotyped[n]), 6),
        "refusal": result.refusal or result.sample_refusals.get(n) or None,
    }
