"""`tumorcast pgs`: from scoring files and genotypes to a folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorcast.clinic.pgs.result import LEAST_SAMPLES, PgsRun
from tumorcast.clinic.pgs.run import PgsRequest, run_pgs
from tumorcast.clinic.pgs.tables import MATCH_COLUMNS, as_json, csv_text, match_rows
from tumorcast.clinic.pgs.text import text_of
from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import need_output, renamed_to, write_text

if TYPE_CHECKING:
    from tumorcast.clinic.pgs.against import AgainstPanel

_UNREAD = {
    ".pgen": "plink2 --pfile {stem} --export bcf --out {stem} (or --make-bed)",
    ".pvar": "plink2 --pfile {stem} --export bcf --out {stem} (or --make-bed)",
    ".psam": "plink2 --pfile {stem} --export bcf --out {stem} (or --make-bed)",
    ".bgen": "plink2 --bgen {stem}.bgen ref-first --sample {stem}.sample --export bcf --out {stem}",
    ".bim": "name {stem}.bed, beside which .bim and .fam are found",
    ".fam": "name {stem}.bed, beside which .bim and .fam are found",
}
"""Genotypes in forms that are not read -> how to make one that is."""
_FILES = ("pgs.csv", "matches.csv", "pgs.json", "pgs.txt", "ancestry.csv", "distributions.svg")
_ENDINGS = (".bed", ".vcf", ".vcf.gz", ".vcf.bgz", ".bcf", ".gvcf", ".gvcf.gz")


@dataclass(frozen=True)
class Inputs:
    """Files of a run; `panel`: reference people to set sums against."""

    scoring: Sequence[Path]
    genotypes: Sequence[Path]
    request: PgsRequest = field(default_factory=PgsRequest)
    panel: AgainstPanel | None = None


def is_genotypes(path: Path) -> bool:
    """Whether a file holds genotypes (else: a score), by its name, else by its first line.

    Raises:
        InputError: not there, or genotypes in a form that is not read.
    """
    if not path.is_file():
        raise InputError(f"{path.name} is not there", got=f"no {path}")
    bare = Path(path.name.removesuffix(".zst"))
    if fix := _UNREAD.get(bare.suffix.lower()):
        raise InputError(
            f"{path.name} is not read", got=bare.suffix, expected="scoring files, VCF, BCF, or a .bed of PLINK 1",
            fix=fix.format(stem=bare.stem),
        )  # fmt: skip
    if path.name.lower().endswith(_ENDINGS):
        return True
    with open_text(path) as text:
        return next(text, "").startswith(("##fileformat=VCF", "#CHROM"))


def write_pgs(inputs: Inputs, out: Path) -> list[str]:
    """Write pgs.csv, pgs.json, pgs.txt, matches.csv, and where they apply ancestry.csv and distributions.svg.

    Returns:
        Lines to print.

    Raises:
        InputError: as `run_pgs`, or a folder that cannot be written.
    """
    need_output(out, _FILES)
    run = run_pgs(inputs.scoring, inputs.genotypes, inputs.request)
    ancestry, adjusted = _adjusted(run, inputs.panel)
    write_text(out / "pgs.csv", csv_text(run))
    _write_matches(out / "matches.csv", run)
    text = json.dumps(as_json(run, ancestry), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(out / "pgs.json", text + "\n")
    write_text(out / "pgs.txt", text_of(run, ancestry))
    _write_or_remove(out / "ancestry.csv", adjusted)
    _write_or_remove(out / "distributions.svg", _picture(run))
    return _told(run)


def _adjusted(run: PgsRun, panel: AgainstPanel | None) -> tuple[list[dict[str, Any]], str | None]:
    """(rows, text of ancestry.csv); statistics are loaded only where they are asked for."""
    if panel is None:
        return [], None
    from tumorcast.clinic.pgs.against import against_panel, ancestry_text

    rows = against_panel(run, panel)
    return rows, ancestry_text(rows)


def _picture(run: PgsRun) -> str | None:
    if len(run.samples) < LEAST_SAMPLES:
        return None
    from tumorcast.clinic.pgs.picture import distributions_svg

    return distributions_svg(run)


def _write_or_remove(path: Path, text: str | None) -> None:
    """What an earlier run left must not stand beside this one's."""
    if text is None:
        path.unlink(missing_ok=True)
    else:
        write_text(path, text)


def _write_matches(path: Path, run: PgsRun) -> None:
    with renamed_to(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(MATCH_COLUMNS)
        for result in run.results:
            rows.writerows(match_rows(result))


def _told(run: PgsRun) -> list[str]:
    told = [f"refused: {reason}" for reason in run.refused_files.values()]
    told += [f"note: {note}" for note in run.notes]
    for result in run.results:
        told += [f"{result.score.name}: {warning}" for warning in result.score.warnings]
        head = f"{result.score.name}: match rate {result.match_rate:.1%}, weight coverage {result.weight_coverage:.1%}"
        told.append(f"{head}; refused, no sum: {result.refusal}" if result.refusal else head)
    n_sums = sum(result.has_sum(n) for result in run.results for n in range(len(run.samples)))
    return [*told, f"{len(run.samples)} samples, {n_sums} of {len(run.samples) * len(run.results)} sums"]
