"""`tumorcast recist`: from tables of lesions to a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from tumorcast.biology.recist.best import ResponseRules
from tumorcast.biology.recist.problems import Problem
from tumorcast.clinic.recist.labels import label_table, labelled, without_labels
from tumorcast.clinic.recist.responses import Criteria, PatientResponse, respond_all
from tumorcast.clinic.recist.tables import assessment_table, comparison_table, patient_table, problem_table
from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text
from tumorcast.readers.lesion_tables import Reading, read_lesion_tables
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_patients, write_treatments


def write_recist(
    paths: Sequence[Path],
    out: Path,
    reading: Reading,
    criteria: Criteria = "recist",
    rules: ResponseRules | None = None,
    longest_gap_days: float | None = None,
    study: Study | None = None,
    line: float | None = None,
) -> list[str]:
    """Write assessments, patients, labels and problems (CSV), comparison.csv where RS is there, and two pictures.

    Args:
        study: its treatment timeline with the labels, and its patient table without older ones, are written too,
            beside the tables; the study is not touched.
        line: see `labels.labelled`.

    Returns:
        Lines to print: counts, without patients.

    Raises:
        InputError: unreadable tables, or no patient left that could be assessed.
    """
    tables = read_lesion_tables(paths, reading)
    if not tables.patients:
        codes = Counter(one.code for one in tables.problems if one.is_refused)
        raise InputError(
            "no patient can be assessed",
            got=", ".join(f"{n} {code}" for code, n in codes.most_common(5)) or "no rows",
            fix=next((one.fix for one in tables.problems if one.is_refused), None),
        )
    made, more = respond_all(tables, criteria, rules or ResponseRules(), longest_gap_days)
    problems = (*tables.problems, *more)
    written = {
        "assessments": assessment_table(made),
        "patients": patient_table(made),
        "labels": label_table(made),
        "problems": problem_table(problems),
    }
    compared = comparison_table(made, tables.reported, criteria)
    if len(tables.reported):
        written["comparison"] = compared
    for name, table in written.items():
        write_text(out / f"{name}.csv", table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    lines = _told(made, problems)
    if len(compared):
        lines.append(f"reported responses: {int(compared['is_same'].sum())} of {len(compared)} are ours too")
    if study is not None:
        treatments, more_lines = labelled(study.treatments, written["labels"], line)
        labelled_study = replace(study, treatments=treatments, patients=without_labels(study.patients))
        write_treatments(labelled_study, out)
        write_patients(labelled_study, out)
        lines += more_lines
    return [*lines, *_draw(made, out)]


def _told(made: Sequence[PatientResponse], problems: Sequence[Problem]) -> list[str]:
    best = Counter(one.best.response for one in made)
    counts = ", ".join(f"{n} {word}" for word, n in best.most_common())
    events = sum(one.progression.is_event for one in made)
    lines = [f"{len(made)} patients: best response {counts}; {events} progressed or died"]
    for is_refused, told in ((True, "left out"), (False, "told")):
        codes = Counter(one.code for one in problems if one.is_refused is is_refused)
        lines += [f"  {told}: {n} {code}" for code, n in codes.most_common()]
    return lines


def _draw(made: Sequence[PatientResponse], out: Path) -> list[str]:
    if find_spec("reportlab") is None:
        return ["not drawn: reportlab is not installed (pip install 'tumorcast[lab]')"]
    from tumorcast.clinic.recist.charts import spider, waterfall

    write_text(out / "waterfall.svg", waterfall(made))
    write_text(out / "spider.svg", spider(made))
    return []
