"""`tumorcast pgx`: from germline VCFs and calls made elsewhere to a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tumorcast.biology.drugs import normalise_agents
from tumorcast.biology.pgx.definitions import Definitions, embedded_definitions
from tumorcast.biology.pgx.genotypes import GeneGenotypes
from tumorcast.biology.pgx.guidance import known_drugs
from tumorcast.clinic.pgx.sample import SampleResult, sample_result
from tumorcast.clinic.pgx.tables import as_json, csv_text, pharmcat_text
from tumorcast.clinic.pgx.text import text_of
from tumorcast.domain.errors import InputError
from tumorcast.readers.comedication_taken import drugs_taken
from tumorcast.readers.compressed import name_of, open_text
from tumorcast.readers.files import is_plain_name, read_table, write_text
from tumorcast.readers.germline_vcf import read_germline
from tumorcast.readers.pharmcat_definitions import read_definitions
from tumorcast.readers.star_calls import GivenCall, read_star_calls


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


def write_pgx(paths: Sequence[Path], out: Path, request: Request) -> list[str]:
    """Write pgx.csv, pgx.json, pgx.txt and calls/SAMPLE.tsv.

    Returns:
        Lines to print.

    Raises:
        InputError: unreadable input; where several files were given only if none of them can be read.
    """
    definitions = read_definitions(request.definitions) if request.definitions else embedded_definitions()
    genotypes, given, file_notes, told = _read_all(paths, definitions, request.on_progress)
    drugs = _taken(request, told)
    sexes = _sexes(request.sex, list(genotypes))
    asked = _asked(request.treatment)
    shared = [one for one in given if not one.sample]
    names = list(dict.fromkeys([*genotypes, *(one.sample for one in given if one.sample)]))
    if not names:
        names = [name_of(paths[0])]
    if shared and len(names) > 1:
        raise InputError(
            "calls made elsewhere name no sample, and there are several", got=", ".join(names[:6]),
            fix="give them a header with the columns sample and gene",
        )  # fmt: skip
    if drugs and (without := [name for name in names if name not in drugs]):
        told.append(f"of {len(without)} samples no other drugs are listed: {', '.join(without[:6])}")
        if strangers := [name for name in drugs if name not in names]:
            told.append(
                f"other drugs are listed of {len(strangers)} samples that are in no file: {', '.join(strangers[:6])}"
            )
    results = []
    for name in names:
        mine = [*shared, *(one for one in given if one.sample == name)]
        results.append(
            sample_result(
                name, genotypes.get(name, {}), mine, definitions, asked, drugs.get(name, ()), sexes.get(name)
            )
        )
    _write(out, results, definitions, file_notes, request.today)
    return [*told, *_summary(results)]


def _read_all(
    paths: Sequence[Path], definitions: Definitions, on_progress: Callable[[str], None] | None
) -> tuple[dict[str, Mapping[str, GeneGenotypes]], list[GivenCall], dict[str, Sequence[str]], list[str]]:
    """(genotypes of samples, calls made elsewhere, notes by file, what was left out)."""
    genotypes: dict[str, Mapping[str, GeneGenotypes]] = {}
    given: list[GivenCall] = []
    notes: dict[str, Sequence[str]] = {}
    failed: list[InputError] = []
    for path in paths:
        try:
            if _is_vcf(path):
                read = read_germline(path, definitions, _on_records(path, on_progress))
                if twice := set(read.samples) & set(genotypes):
                    raise InputError(f"{path.name} holds a sample of another file", got=", ".join(twice))
                genotypes.update(read.samples)
                if read.notes:
                    notes[path.name] = read.notes
            else:
                given += read_star_calls(path)
        except InputError as error:
            failed.append(error)
            notes[path.name] = (f"left out: {str(error).splitlines()[0]}",)
    if failed and not genotypes and not given:
        raise failed[0]
    return genotypes, given, notes, [f"left out: {error}" for error in failed]


def _on_records(path: Path, on_progress: Callable[[str], None] | None) -> Callable[[int], None] | None:
    if on_progress is None:
        return None
    return lambda n: on_progress(f"{path.name}: {n:,} records read")


def _is_vcf(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith((".vcf", ".vcf.gz", ".vcf.bgz", ".bcf", ".gvcf", ".gvcf.gz")):
        return True
    with open_text(path) as text:
        return next(text, "").startswith(("##fileformat=VCF", "#CHROM"))


def _taken(request: Request, told: list[str]) -> Mapping[str, tuple[str, ...]]:
    """Sample -> other drugs that count on the day."""
    if request.comedication is None:
        return {}
    taken, notes = drugs_taken(request.comedication, request.on)
    told += notes
    return taken


def _sexes(sex: str | None, samples: Sequence[str]) -> dict[str, str]:
    if sex is None:
        return {}
    if sex.lower() in ("male", "female"):
        return dict.fromkeys(samples, sex.lower())
    path = Path(sex)
    if not path.is_file():
        raise InputError(
            "the sex is neither known nor a table", got=sex, expected="male, female, or a table sample, sex"
        )
    table = read_table(path, "," if path.suffix.lower() == ".csv" else "\t").fillna("")
    if not {"sample", "sex"} <= set(table.columns):
        raise InputError(f"{path.name} lacks sample and sex", got=", ".join(map(str, table.columns)))
    words = {"m": "male", "male": "male", "1": "male", "f": "female", "female": "female", "2": "female"}
    rows = zip(table["sample"], table["sex"], strict=True)
    return {str(name): words[str(value).lower()] for name, value in rows if str(value).lower() in words}


def _asked(treatment: str | None) -> tuple[str, ...]:
    """Drugs that guidance is wanted for."""
    if treatment is None:
        return known_drugs()
    found = [agent.name for agent in normalise_agents(treatment)]
    if not found:
        raise InputError("the treatment names no drug", got=treatment)
    return tuple(found)


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
    for n, result in enumerate(results, 1):
        name = result.sample if is_plain_name(result.sample) and ":" not in result.sample else f"sample-{n}"
        write_text(out / "calls" / f"{name}.tsv", pharmcat_text(result))


def _summary(results: Sequence[SampleResult]) -> list[str]:
    calls = [call for result in results for call in result.calls.values()]
    n_called = sum(call.is_called for call in calls)
    samples = "1 sample" if len(results) == 1 else f"{len(results)} samples"
    return [f"{samples}, {n_called} of {len(calls)} genes called"]
