"""`tumorcast twin TABLE... --patient ID`: forecasts of tumour size; `tumorcast twin fit TABLE...`: a population."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorcast.cli.prediction_options import add_prediction_options, request_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tumorcast.biology.recist.problems import Problem
    from tumorcast.clinic.twin.population import TwinPopulation
    from tumorcast.clinic.twin.prior_size import ModelPrior
    from tumorcast.clinic.twin.survival import Host
    from tumorcast.readers.lesion_tables import Reading
    from tumorcast.readers.size_series import SizeSeries
    from tumorcast.readers.study import Study


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "twin",
        help="forecast a patient's tumour size from its scans, beside the last value carried forward",
        description="Forecast with bands, time to progression and what-ifs from measured sizes. A simulation; research "
        "use only. `tumorcast twin fit TABLE... --out population.json` learns a population.",
    )
    parser.add_argument(
        "tables",
        nargs="*",
        metavar="TABLE",
        help="sizes or lesions (docs/twin.md), or `fit` and such tables; "
        "none of a patient without scans, with --study",
    )
    parser.add_argument("--patient", metavar="ID")
    parser.add_argument(
        "--population",
        metavar="NAME|FILE.json",
        help="whose patients this one is like: published, or of `twin fit`; a folder of such files, with --cancer",
    )
    parser.add_argument(
        "--cancer", metavar="CODE",
        help="OncoTree code or name: chooses the population of this cancer and of the patient's drugs, where there is "
        "one; of `fit`, that of its patients",
    )  # fmt: skip
    parser.add_argument(
        "--treatment", metavar="DRUGS", help="the patient's drugs, where the table has no arm"
    )
    parser.add_argument("--out", type=Path, metavar="PATH", help="folder; of `fit` a file .json")
    parser.add_argument(
        "--horizon",
        type=float,
        metavar="DAY",
        help="last day to forecast, in days even where the table has weeks",
    )
    parser.add_argument("--what-if", type=Path, metavar="YAML", help="scenarios (docs/twin.md)")
    parser.add_argument("--asian", choices=("yes", "no"), help="for the survival link of motesanib_nsclc")
    parser.add_argument("--ever-smoker", choices=("yes", "no"), help="likewise")
    parser.add_argument("--name", default="cohort", help="of the population that `fit` learns")
    parser.add_argument("--model", action="append", help="`fit`: models to choose from; all where not given")
    parser.add_argument("--size-unit", choices=("mm", "cm"), default="mm")
    parser.add_argument("--time-unit", choices=("days", "weeks", "months"), default="days")
    parser.add_argument("--evaluator", help="whose measurements (TREVALID or TREVAL)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--bundle", type=Path, metavar="BUNDLE",
        help="a model with the head `size`: what it expects of the patient before any scan moves the prior",
    )  # fmt: skip
    parser.add_argument(
        "--study", type=Path, metavar="STUDY", help="with --bundle: where the patient is described"
    )
    parser.add_argument(
        "--line", type=int, metavar="N",
        help="with --study: line of therapy of the scans; needed where the patient had several courses",
    )  # fmt: skip
    add_prediction_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fit a population, or write and print a twin."""
    from tumorcast.readers.lesion_tables import Reading

    reading = Reading(arguments.size_unit, arguments.time_unit, arguments.evaluator)
    return _fit(arguments, reading) if arguments.tables[:1] == ["fit"] else _twin(arguments, reading)


def _fit(arguments: argparse.Namespace, reading: Reading) -> int:
    from dataclasses import replace

    from tumorcast.biology.regimens.cancers import check_code
    from tumorcast.clinic.twin.bank import FORMS
    from tumorcast.clinic.twin.learn import CHOICES, learn_population
    from tumorcast.clinic.twin.read import read_series
    from tumorcast.clinic.twin.record_json import write_population
    from tumorcast.domain.errors import ConfigError

    if arguments.out is None or arguments.out.suffix != ".json":
        raise ConfigError("fit needs a file to write", got=arguments.out, expected="--out population.json")
    strange = [one for one in arguments.model or () if one not in FORMS]
    if strange:
        raise ConfigError(f"there is no model {strange[0]}", expected=", ".join(FORMS))
    paths = [Path(one) for one in arguments.tables[1:]]
    tables = read_series(paths, reading)
    _tell(tables.problems)
    found = learn_population(
        tables.series, arguments.name, arguments.model or CHOICES, seed=arguments.seed,
        source=", ".join(path.name for path in paths),
    )  # fmt: skip
    write_population(
        replace(found, cancer=check_code(arguments.cancer) if arguments.cancer else ""), arguments.out
    )
    for form, score in sorted(found.choice.items(), key=lambda one: -one[1]):
        print(f"{form:12s} held-out log density a scan {score:.3f}")
    print(
        f"{found.form}: {found.n_patients} patients, {found.n_scans} scans, horizon {found.horizon_days:g} days"
    )
    print(f"in {arguments.out}")
    return 0


def _tell(problems: Sequence[Problem]) -> None:
    import sys

    for one in problems:
        what = "left out" if one.is_refused else "told"
        print(f"{one.patient_id}: {what}: {one.code}: {one.detail}", file=sys.stderr)


def _twin(arguments: argparse.Namespace, reading: Reading) -> int:
    from tumorcast.clinic.twin.build import twin_record
    from tumorcast.clinic.twin.scenarios import read_scenarios
    from tumorcast.clinic.twin.table import table_text
    from tumorcast.clinic.twin.write import write_twin
    from tumorcast.domain.errors import ConfigError

    if arguments.patient is None:
        raise ConfigError("whose twin?", expected="--patient ID")
    study = _study(arguments)
    course, regimen = ("", "") if study is None else _course(study, arguments.patient, arguments.line)
    series = _series(arguments, reading, study, regimen)
    population, cancer, is_named = _population(arguments, series, study)
    record = twin_record(
        series, population, horizon_day=arguments.horizon, host=_host(arguments), seed=arguments.seed,
        scenarios=read_scenarios(arguments.what_if) if arguments.what_if else (),
        prior=None if study is None else _prior(arguments, study, course, series.arm),
        cancer=cancer, is_declared=is_named,
    )  # fmt: skip
    print(table_text(record), end="")
    if arguments.out is not None:
        for line in write_twin(record, arguments.out):
            print(line)
        print(f"in {arguments.out}/")
    return 0


def _study(arguments: argparse.Namespace) -> Study | None:
    """The study that a bundle is asked with."""
    from tumorcast.domain.errors import ConfigError
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.report import check_patients

    if (arguments.bundle is None) != (arguments.study is None):
        raise ConfigError(
            "a model is asked with the study that describes the patient", got="one of --bundle and --study",
            expected="both, or neither", fix="docs/twin.md, A prior from a model",
        )  # fmt: skip
    if arguments.study is None:
        return None
    study = read_study(arguments.study)
    check_patients(study, [arguments.patient])
    return study


def _series(arguments: argparse.Namespace, reading: Reading, study: Study | None, regimen: str) -> SizeSeries:
    """The patient's scans, none where a study knows the patient and no table was given; with the treatment."""
    from dataclasses import replace

    import numpy as np

    from tumorcast.clinic.twin.read import read_series, series_named
    from tumorcast.domain.errors import ConfigError
    from tumorcast.readers.size_series import SizeSeries

    patient = arguments.patient
    if not arguments.tables and study is None:
        raise ConfigError(
            "no scans were given", expected="tables of sizes or lesions", fix="docs/twin.md, Input"
        )
    nothing = np.zeros(0)
    treatment = arguments.treatment or regimen
    if not arguments.tables:
        return SizeSeries(patient, nothing, nothing, nothing, arm=treatment)
    tables = read_series([Path(one) for one in arguments.tables], reading)
    _tell([one for one in tables.problems if one.is_refused and one.patient_id != patient])
    found = series_named(tables, patient)
    return replace(found, arm=arguments.treatment or found.arm or treatment)


def _course(study: Study, patient: str, line: int | None) -> tuple[str, str]:
    """(id, regimen) of the course that the scans are of."""
    from tumorcast.cohort.courses import course_table
    from tumorcast.domain.errors import InputError

    courses = course_table(study.keep([patient]))
    own = courses if line is None else courses[courses["line"] == line]
    if len(own) != 1:
        told = "; ".join(
            f"line {number:g}: {drugs}"
            for number, drugs in zip(courses["line"], courses["regimen"], strict=True)
        )
        raise InputError(
            f"which course of {patient} the scans are of is not known", got=told or "no course",
            expected="--line N of one of them", fix="name the line of therapy whose first day is day 0 of the scans",
        )  # fmt: skip
    return str(own.index[0]), str(own["regimen"].iloc[0])


def _population(
    arguments: argparse.Namespace, series: SizeSeries, study: Study | None
) -> tuple[TwinPopulation, str, bool]:
    """The population, the patient's cancer ("" unknown), and whether the population was named."""
    from tumorcast.clinic.twin.chosen import chosen_population
    from tumorcast.clinic.twin.published import named_population, need_population
    from tumorcast.serve.patient_cancer import cancer_of, declared_cancer

    named = arguments.population
    if study is None:
        cancer = arguments.cancer or ""
    elif arguments.cancer:
        cancer = cancer_of(study, arguments.patient, arguments.cancer)[0]
    else:
        cancer = declared_cancer(study, arguments.patient)
    folder = Path(named) if named and Path(named).is_dir() else None
    if cancer and (folder is not None or not named):
        return chosen_population(cancer, series.arm, folder), cancer, False
    return named_population(need_population(named)), cancer, True


def _prior(arguments: argparse.Namespace, study: Study, course: str, arm: str) -> ModelPrior:
    """What the bundle says of the patient's size before any scan."""
    from tumorcast.cli.bundle_files import open_trusted
    from tumorcast.serve.size_prior import size_prior

    request = request_of(arguments, (arguments.out or arguments.study) / "tile_features")
    bundle = open_trusted(arguments.bundle, arguments.trust)
    return size_prior(bundle, study, arguments.patient, request, course_id=course, arm=arm)


def _host(arguments: argparse.Namespace) -> Host | None:
    from tumorcast.clinic.twin.survival import Host
    from tumorcast.domain.errors import ConfigError

    given = (arguments.asian, arguments.ever_smoker)
    if not any(given):
        return None
    if not all(given):
        raise ConfigError(
            "the survival link needs both facts of the patient", got="one of --asian and --ever-smoker",
            expected="both, or neither", fix="docs/twin.md, What if",
        )  # fmt: skip
    return Host(arguments.asian == "yes", arguments.ever_smoker == "yes")
