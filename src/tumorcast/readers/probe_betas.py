"""Betas of chosen probes out of a table of methylation of any size; a bad sample never sinks the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.methylation_layout import CPG, head_of, sample_columns
from tumorcast.readers.methylation_scale import EXPECTED, SCALE_WORDS, Scale, Span, shared_scale, to_betas
from tumorcast.readers.probe_rows import PassedTable, WantedProbes, read_columns, read_rows

_IDAT = b"IDAT"
_TWICE = {"duplicate_column", "duplicate_row"}

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ProbeBetas:
    """Samples of one file.

    Attributes:
        values: [samples, probes asked for], 0..1; NaN not measured. Replicates (`cg00000029_TC21`) are averaged.
        scale: what the file holds.
        unfit: sample -> why it cannot be used (given twice, on another scale than the others, nothing measured);
            its values are NaN.
        mean_beta: [samples], of every CpG of the array; NaN where the whole file was not read.
        n_cpgs: [samples], CpGs that were measured; 0 where the whole file was not read.
        n_rows: CpG rows or columns of the file.
        has_suffixes: names as EPICv2's.
    """

    samples: tuple[str, ...]
    values: Numbers
    scale: Scale
    unfit: Mapping[str, str]
    mean_beta: Numbers
    n_cpgs: NDArray[np.int64]
    n_rows: int
    has_suffixes: bool


def read_probe_betas(
    path: Path,
    probes: Sequence[str],
    report: list[Exclusion],
    scale: Scale | None = None,
    is_whole: bool = False,
) -> ProbeBetas:
    """Betas of `probes` in a file laid out as `readers.methylation.read_methylation` takes them.

    The scale is judged for each sample; what most samples are on is the file's. Only what was asked for is held.

    Args:
        scale: declared by the user; None: judged.
        is_whole: read every CpG, for `mean_beta`.

    Raises:
        InputError: raw intensities (IDAT), no table of probes, or no sample that holds betas, percentages or M-values.
    """
    if not path.exists():
        raise InputError("no such file", got=path)
    _need_no_idat(path)
    n_above, separator, header, rows = head_of(path)
    wanted, noted = WantedProbes(probes, is_whole), list[Exclusion]()
    if any(map(CPG.fullmatch, header)):
        told = "samples as rows, by the names of CpG probes in the header"
        report.append(Exclusion("layer", path.name, "orientation", told))
        table = read_columns(path, separator, n_above, header, wanted, noted)
    else:
        columns = sample_columns(header, rows, path.name, noted)
        table = read_rows(path, separator, n_above, len(header), columns, wanted, noted)
    unfit = {one.id: f"given twice in {path.name}" for one in noted if one.reason in _TWICE}
    report += [one for one in noted if one.reason not in _TWICE]
    if not wanted.n_cpgs:
        raise InputError(
            f"{path.name} names no CpG probes", expected="probes such as cg00000029, a row or a column each"
        )
    wanted.tell(path.name, report)
    return _judged(table, wanted, scale, unfit, path.name, report)


def _need_no_idat(path: Path) -> None:
    is_idat = re.search(r"\.idat(\.gz)?$", path.name, re.IGNORECASE) is not None
    if path.is_file() and not is_idat:
        with path.open("rb") as file:
            is_idat = file.read(4) == _IDAT
    if is_idat or path.is_dir():
        raise InputError(
            f"{path.name} holds no table of betas",
            got="a folder" if path.is_dir() else "raw intensities (IDAT), which are out of scope",
            expected="a table of betas, percentages or M-values",
            fix="make betas first, with a tool that normalises arrays (sesame, minfi)",
        )


def _judged(
    table: PassedTable,
    wanted: WantedProbes,
    declared: Scale | None,
    twice: Mapping[str, str],
    file: str,
    report: list[Exclusion],
) -> ProbeBetas:
    scales = [declared or span.scale() for span in table.spans]
    shared = shared_scale(scales)
    unfit = dict(twice)
    for sample, span, scale in zip(table.samples, table.spans, scales, strict=True):
        why = _unfit(span, scale, shared)
        if why:
            unfit.setdefault(sample, why)
    _need_one(table.spans, scales, declared, file)
    values = table.values
    is_fit = np.array([sample not in unfit for sample in table.samples], bool)
    values[:, ~is_fit] = np.nan
    n_outside = to_betas(values, shared)
    if shared != "beta":
        report.append(Exclusion("layer", file, "converted", f"{SCALE_WORDS[shared]} to betas"))
    if n_outside:
        report.append(Exclusion("value", file, "outside_0_1", f"{n_outside} values taken as unknown"))
    means = np.where(is_fit, table.means[shared], np.nan)
    n_cpgs = np.where(is_fit, table.n_summed[shared], 0)
    return ProbeBetas(
        table.samples, _averaged(table, wanted, file, report), shared, unfit, means, n_cpgs, wanted.n_cpgs,
        wanted.has_suffixes,
    )  # fmt: skip


def _unfit(span: Span, scale: Scale | None, shared: Scale) -> str | None:
    """Why a sample cannot be used; None: it can."""
    if not span.n_known:
        return "no value is measured"
    ends = f"from {span.lowest:g} to {span.highest:g}"
    if scale is None:
        return f"no betas, percentages or M-values: {span.n_outside_1} of {span.n_known} values outside 0..1, {ends}"
    if scale != shared:
        return f"{SCALE_WORDS[scale]} ({ends}), where most samples of the file hold {SCALE_WORDS[shared]}"
    return None if span.fits(scale) else f"no {SCALE_WORDS[scale]}: values {ends}"


def _need_one(
    spans: Sequence[Span], scales: Sequence[Scale | None], declared: Scale | None, file: str
) -> None:
    """At least one sample on a scale, or none that is measured at all."""
    known = [(span, scale) for span, scale in zip(spans, scales, strict=True) if span.n_known]
    if known and not any(scale and span.fits(scale) for span, scale in known):
        span = known[0][0]
        raise InputError(
            f"{file} holds no betas",
            got=f"{span.n_outside_1} of {span.n_known} values outside 0..1, from {span.lowest:g} to {span.highest:g}",
            expected=SCALE_WORDS[declared] if declared else EXPECTED,
        )


def _averaged(table: PassedTable, wanted: WantedProbes, file: str, report: list[Exclusion]) -> Numbers:
    """[samples, probes asked for]: the mean of what was measured under a probe's name."""
    places = np.array([wanted.places[name] for name in table.names], int)
    sums, counts = (np.zeros((len(wanted.places), len(table.samples))) for _ in range(2))
    np.add.at(sums, places, np.nan_to_num(table.values))
    np.add.at(counts, places, ~np.isnan(table.values))
    n_again = len(places) - len(set(places.tolist()))
    if n_again:
        told = f"{n_again} rows averaged into another of their probe"
        report.append(Exclusion("feature", file, "duplicate_rows", told))
    with np.errstate(invalid="ignore"):
        return (sums / np.where(counts > 0, counts, np.nan)).T
