"""`tumorcast clock`: from tables of methylation to a folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from tumorcast.biology.clocks.clock import Clock, embedded_reference
from tumorcast.biology.clocks.imputation import IMPUTATIONS, Imputation
from tumorcast.clinic.clock.charts import age_chart
from tumorcast.clinic.clock.choose import OwnClock, chosen_clocks
from tumorcast.clinic.clock.declare import check_platforms, declared_samples, may_hold_tumour
from tumorcast.clinic.clock.look import UNLIKE, Methylomes
from tumorcast.clinic.clock.read import NOBODYS, accelerations, read_all
from tumorcast.clinic.clock.record import ClockRecord, SampleReadings
from tumorcast.clinic.clock.tables import acceleration_csv, as_json, clock_csv, counters_csv
from tumorcast.clinic.clock.text import text_of
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.clock_coefficients import read_reference
from tumorcast.readers.files import need_output, write_text
from tumorcast.readers.methylation_scale import SCALE_WORDS, Scale
from tumorcast.readers.probe_betas import ProbeBetas, read_probe_betas

_FILES = ("clock.csv", "counters.csv", "acceleration.csv", "clock.json", "clock.txt", "clock.svg")
_IMPUTATIONS_OF_OTHERS = {
    "averaging": "mean",
    "average": "mean",
    "sesame_450k": "hybrid",
    "biolearn": "hybrid",
}
"""biolearn's words."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        tissue, platform: of samples of which the sheet says none.
        sheet: table of samples with tissue, platform, age.
        clocks: names; None: all that are shipped.
        own: files of coefficients.
        reference: table of betas that stand in for probes; None: the package's medians.
        scale: of the values; None: judged.
    """

    tissue: str | None = None
    platform: str | None = None
    sheet: Path | None = None
    clocks: tuple[str, ...] | None = None
    own: tuple[OwnClock, ...] = ()
    reference: Path | None = None
    imputation: str = "hybrid"
    min_coverage: float = 0.8
    scale: str | None = None


def write_clock(paths: Sequence[Path], out: Path, request: Request) -> list[str]:
    """Write clock.csv, counters.csv, acceleration.csv, clock.json, clock.txt and, where ages are given, clock.svg.

    Returns:
        Lines to print.

    Raises:
        InputError: tissue or platform not declared, unreadable input; of several files only if none can be read;
            a folder that cannot be written.
    """
    need_output(out, _FILES)
    how, scale = _checked(request)
    _need_files([*(one.path for one in request.own), request.sheet, request.reference])
    clocks = chosen_clocks(request.clocks, request.own, may_hold_tumour(request.tissue, request.sheet))
    reference = read_reference(request.reference) if request.reference else embedded_reference()
    report: list[Exclusion] = []
    files, left_out = _read_files(paths, clocks, report, scale)
    methylomes = _joined(files, clocks)
    declared = declared_samples(methylomes.samples, request.tissue, request.platform, request.sheet, report)
    check_platforms(files, declared, report)
    samples = read_all(methylomes, declared, clocks, reference, how, request.min_coverage)
    told = [*_warnings(samples), *left_out, *(_told(one) for one in report)]
    settings = {
        "imputation": how, "min_coverage": request.min_coverage,
        "reference": request.reference.name if request.reference else "medians of 450k arrays (clock_reference)",
    }  # fmt: skip
    record = ClockRecord(
        tuple(clocks), tuple(samples), tuple(accelerations(samples, clocks)),
        {name: (one.scale, one.n_rows) for name, one in files.items()}, settings, told,
    )  # fmt: skip
    _write(out, record)
    return [*told, *_summary(record)]


def _checked(request: Request) -> tuple[Imputation, Scale | None]:
    how = _IMPUTATIONS_OF_OTHERS.get(
        request.imputation.strip().casefold(), request.imputation.strip().casefold()
    )
    if how not in IMPUTATIONS:
        raise InputError("no such imputation", got=request.imputation, expected=", ".join(IMPUTATIONS))
    if not 0 <= request.min_coverage <= 1:
        raise InputError("the least coverage is a share", got=request.min_coverage, expected="0 to 1")
    if request.scale is not None and request.scale not in SCALE_WORDS:
        raise InputError("no such scale", got=request.scale, expected=", ".join(SCALE_WORDS))
    return cast(Imputation, how), cast(Scale | None, request.scale)


def _need_files(paths: Sequence[Path | None]) -> None:
    for path in paths:
        if path is not None and not path.is_file():
            raise InputError("no such file", got=path)


def _read_files(
    paths: Sequence[Path], clocks: Sequence[Clock], report: list[Exclusion], scale: Scale | None
) -> tuple[dict[str, ProbeBetas], list[str]]:
    """(file -> its samples, files that could not be read)."""
    probes = _probes(clocks)
    is_whole = any(_is_mean_of_all(clock) for clock in clocks)
    files: dict[str, ProbeBetas] = {}
    failed: list[InputError] = []
    for path in dict.fromkeys(paths):
        try:
            files[path.name if path.name not in files else str(path)] = read_probe_betas(
                path, probes, report, scale, is_whole
            )
        except InputError as error:
            failed.append(error)
    if failed and not files:
        raise failed[0]
    return files, [f"left out: {error.what}" for error in failed]


def _probes(clocks: Sequence[Clock]) -> list[str]:
    """Of the clocks, and those whose medians tell whether it is a methylome."""
    own = dict.fromkeys(probe for clock in clocks for probe in clock.probes)
    return list(own | dict.fromkeys(embedded_reference()))


def _is_mean_of_all(clock: Clock) -> bool:
    return clock.formula == "mean" and not clock.probes


def _joined(files: Mapping[str, ProbeBetas], clocks: Sequence[Clock]) -> Methylomes:
    """Samples of all files; one that two files hold is said of none."""
    names = [sample for one in files.values() for sample in one.samples]
    unfit = {sample: why for one in files.values() for sample, why in one.unfit.items()}
    again = {sample for sample, n in Counter(names).items() if n > 1}
    unfit |= dict.fromkeys(again, "given by two files")
    _, first = np.unique(np.array(names), return_index=True)
    rows = np.sort(first)
    return Methylomes(
        tuple(names[row] for row in rows), tuple(_probes(clocks)),
        np.concatenate([one.values for one in files.values()])[rows],
        np.concatenate([one.mean_beta for one in files.values()])[rows],
        np.concatenate([one.n_cpgs for one in files.values()])[rows],
        np.concatenate([np.full(len(one.samples), one.n_rows) for one in files.values()])[rows], unfit,
    )  # fmt: skip


def _warnings(samples: Sequence[SampleReadings]) -> list[str]:
    """What stands first: values that are no methylome's, ages that are nobody's, tables that are old."""
    n_unlike = sum(UNLIKE in one.notes for one in samples)
    n_odd = sum(NOBODYS in reading.notes for one in samples for reading in one.readings)
    told = [f"WARNING: the values of {n_unlike} of {len(samples)} samples are unlike any methylome: their numbers are"
            " arithmetic, not ages"] if n_unlike else []  # fmt: skip
    return told + ([f"WARNING: {n_odd} ages are no person's (see clock.txt)"] if n_odd else [])


def _told(one: Exclusion) -> str:
    return f"{one.id}: {one.detail or one.reason}"


def _write(out: Path, record: ClockRecord) -> None:
    write_text(out / "clock.csv", clock_csv(record))
    write_text(out / "counters.csv", counters_csv(record))
    write_text(out / "acceleration.csv", acceleration_csv(record))
    write_text(out / "clock.json", json.dumps(as_json(record), indent=1, ensure_ascii=False) + "\n")
    write_text(out / "clock.txt", text_of(record))
    (out / "clock.svg").unlink(missing_ok=True)
    if record.accelerations:
        write_text(out / "clock.svg", age_chart(record.accelerations))


def _summary(record: ClockRecord) -> list[str]:
    readings = [reading for one in record.samples for reading in one.readings]
    n_read = sum(reading.value is not None for reading in readings)
    codes = Counter(reading.refusal.code for reading in readings if reading.refusal)
    told = ", ".join(f"{n} {code}" for code, n in codes.most_common())
    refused = f"; refused: {told} (reasons in clock.txt)" if told else ""
    return [f"{len(record.samples)} samples, {n_read} of {len(readings)} readings{refused}"]
