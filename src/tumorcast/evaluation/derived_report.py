"""`tumorcast derive`: what can be computed from a study's own layers, as tables, pictures, and layers of the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from tumorcast.biology.gene_sets import read_gmt
from tumorcast.biology.pathway_scores import pathway_scores
from tumorcast.biology.sbs96 import fasta_context, sbs96
from tumorcast.biology.signatures import exposures, read_signatures
from tumorcast.cohort.derived import DERIVED, derive
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.drawing import NOT_DRAWN, can_draw
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import write_text
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_layer

SIGNATURES, CATALOGUE, GENE_SETS = "mutational_signatures", "substitutions", "gene_set_scores"
_LIMITS = ("_low", "_high")


@dataclass(frozen=True)
class Sources:
    """What the user adds: COSMIC's signatures, the reference genome, gene sets; None where not given."""

    signatures: Path | None = None
    fasta: Path | None = None
    gene_sets: Path | None = None


def write_derived(
    folder: Path, out: Path, sources: Sources, into_study: bool, tell: Callable[[str], None]
) -> list[str]:
    """Write `LAYER.csv` and, where pictures can be drawn, `LAYER.png` and `report.csv`; returns lines to print.

    Args:
        into_study: also add each layer to the study folder as a generic assay, under its name.
    """
    study = read_study(folder)
    report: list[Exclusion] = []
    found: dict[str, pd.DataFrame] = {}
    for name in DERIVED:
        tell(f"deriving {name}")
        table = derive(study, name, report)
        if table is not None:
            found[name] = table
    found |= _given(study, sources, report, tell)
    out.mkdir(parents=True, exist_ok=True)
    for name, table in found.items():
        write_text(out / f"{name}.csv", table.rename_axis("sample_id").to_csv(float_format="%.6g"))
        if into_study and name != CATALOGUE and not name.endswith(_LIMITS):
            write_layer(study, folder, name, table)
    if can_draw():
        _draw(found, out, study.origin == "simulated")
    rows = pd.DataFrame([asdict(note) for note in report], columns=["kind", "id", "reason", "detail"])
    write_text(out / "report.csv", rows.to_csv(index=False, lineterminator="\n"))
    undrawn = [] if can_draw() else [NOT_DRAWN]
    return [*_told(found), *undrawn, *(f"  {note.reason}: {note.id}: {note.detail}" for note in report)]


def _draw(found: dict[str, pd.DataFrame], out: Path, simulated: bool) -> None:
    from tumorcast.evaluation.omics_figures import draw_catalogue, draw_scores

    for name, table in found.items():
        if name == CATALOGUE:
            draw_catalogue(table, out / f"{name}.png", simulated)
        elif not name.endswith(_LIMITS):
            draw_scores(table, name, out / f"{name}.png", simulated)


def _given(
    study: Study, sources: Sources, report: list[Exclusion], tell: Callable[[str], None]
) -> dict[str, pd.DataFrame]:
    """What needs the user's files: substitutions by trinucleotide, signatures, scores of the user's gene sets."""
    found: dict[str, pd.DataFrame] = {}
    if study.variants is not None and (sources.fasta or "context" in study.variants):
        tell("counting substitutions by trinucleotide")
        context = fasta_context(sources.fasta) if sources.fasta else None
        found[CATALOGUE] = sbs96(study.variants, context, report)
        if sources.signatures:
            tell("fitting mutational signatures")
            fitted = exposures(found[CATALOGUE], read_signatures(sources.signatures), report)
            found |= {
                SIGNATURES: fitted.share,
                f"{SIGNATURES}_low": fitted.low,
                f"{SIGNATURES}_high": fitted.high,
            }
    elif sources.signatures:
        told = "the variants have no context: give the reference genome (--fasta)"
        report.append(Exclusion("layer", SIGNATURES, "cannot_be_derived", told))
    if sources.gene_sets and study.expression is not None:
        tell(f"scoring the gene sets of {sources.gene_sets.name}")
        found[GENE_SETS] = pathway_scores(study.expression, read_gmt(sources.gene_sets), report)
    return found


def _told(found: dict[str, pd.DataFrame]) -> list[str]:
    lines = [f"{'layer':<24}{'samples':>9}{'scores':>8}{'measured':>10}"]
    for name, table in found.items():
        share = float(table.notna().to_numpy().mean())
        lines.append(f"{name:<24}{len(table):>9}{table.shape[1]:>8}{share:>10.0%}")
    return lines
