"""`tumorcast pgx`: from germline VCFs and calls made elsewhere to a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tumorcast.biology.pgx.definitions import Definitions, embedded_definitions
from tumorcast.clinic.pgx.asked import asked_drugs
from tumorcast.clinic.pgx.inputs import Inputs, compare_names, need_file, read_inputs, read_sexes
from tumorcast.clinic.pgx.sample import SampleResult, sample_result
from tumorcast.clinic.pgx.tables import as_json, csv_text, pharmcat_text
from tumorcast.clinic.pgx.text import text_of
from tumorcast.domain.errors import InputError
from tumorcast.readers.comedication_taken import drugs_taken
from tumorcast.readers.files import is_plain_name, need_output, replaced_folder, write_text
from tumorcast.readers.pharmcat_definitions import read_definitions


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        definitions: folder of PharmCAT's or CPIC's definitions; None: the package's own.
        treatment: regimen or drugs that guidance is wanted for, free text; None: every drug of the table.
        comedication: table of other drugs, a timeline or a study folder; `on`: the day that counts, a date for a table,
            a number of days for a timeline.
        sex: "male", "female", or a table `sample, sex`.
        on_progress: told a line each million records of a large file.
    """

    definitions: Path | None = None
    treatment: str | None = None
    comedication: Path | None = None
    on: date | float | None = None
    sex: str | None = None
    today: date = field(default_factory=date.today)
    on_progress: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Written:
    """What the command tells at its end.

    Attributes:
        lines: to print.
        left_out: files that could not be read beside others that could, with reasons.
    """

    lines: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def write_pgx(paths: Sequence[Path], out: Path, request: Request) -> Written:
    """Write pgx.csv, pgx.json, pgx.txt and calls/SAMPLE.tsv.

    Raises:
        InputError: unreadable input (of several VCFs only if none of them can be read), a sample in two files, a table
            of other drugs or sexes that names none of the samples, a treatment of which no drug is known, or a folder
            that cannot be written.
    """
    need_output(out, ("pgx.csv", "pgx.json", "pgx.txt"), ("calls",))
    definitions = read_definitions(request.definitions) if request.definitions else embedded_definitions()
    asked, unknown = asked_drugs(request.treatment)
    inputs = read_inputs(paths, definitions, request.on_progress)
    names = inputs.names(paths)
    shared = [one for one in inputs.given if not one.sample]
    if shared and len(names) > 1:
        raise InputError(
            "calls made elsewhere name no sample, and there are several", got=", ".join(names[:6]),
            fix="give them a header with the columns sample and gene",
        )  # fmt: skip
    drugs, told = _taken(request, names, inputs)
    sexes, odd = read_sexes(request.sex, names, inputs)
    results = [
        sample_result(
            name, inputs.genotypes.get(name, {}), [*shared, *(one for one in inputs.given if one.sample == name)],
            definitions, asked, drugs.get(name, ()), sexes.get(name),
        )
        for name in names
    ]  # fmt: skip
    _write(out, results, definitions, inputs.notes, request.today)
    left_out = tuple(f"left out: {error}" for error in inputs.left_out)
    return Written((*told, *odd, *unknown, *_summary(results)), left_out)


def _taken(
    request: Request, names: Sequence[str], inputs: Inputs
) -> tuple[Mapping[str, tuple[str, ...]], list[str]]:
    """(sample -> other drugs that count on the day, lines to print)."""
    path = request.comedication
    if path is None:
        return {}, []
    if not path.is_dir():
        need_file(path)
    taken = drugs_taken(path, request.on)
    mine = [name for name in names if name in taken.owners]
    found = {taken.owners[name] for name in mine}
    named = [*mine, *dict.fromkeys(owner for owner in taken.owners.values() if owner not in found)]
    return taken.drugs, [*taken.lines, *compare_names(path, "other drug", named, names, inputs)]


def _write(
    out: Path,
    results: Sequence[SampleResult],
    definitions: Definitions,
    file_notes: Mapping[str, Sequence[str]],
    today: date,
) -> None:
    table = as_json(results, definitions, file_notes, today)
    write_text(out / "pgx.csv", csv_text(results, definitions))
    write_text(out / "pgx.json", json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    write_text(out / "pgx.txt", text_of(results, definitions, file_notes, today))
    with replaced_folder(out / "calls") as calls:
        for n, result in enumerate(results, 1):
            is_plain = is_plain_name(result.sample) and ":" not in result.sample
            write_text(calls / f"{result.sample if is_plain else f'sample-{n}'}.tsv", pharmcat_text(result))


def _summary(results: Sequence[SampleResult]) -> list[str]:
    calls = [call for result in results for call in result.calls.values()]
    n_called = sum(call.is_called for call in calls)
    samples = "1 sample" if len(results) == 1 else f"{len(results)} samples"
    return [f"{samples}, {n_called} of {len(calls)} genes called"]
