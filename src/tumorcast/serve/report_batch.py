"""Reports of many patients: resumable, one bad patient never sinks the others, an index at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from tumorcast import __version__
from tumorcast.clinic.report.index import IndexRow, index_html, index_row, index_table
from tumorcast.clinic.report.record_json import read_report
from tumorcast.clinic.report.write import RECORD_NAME, file_name, write_report
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.files import write_text
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.report import ReportRequest, make_report
from tumorcast.serve.report_panels import PanelRequest, with_panels
from tumorcast.serve.rows import write_csv
from tumorcast.serve.session import BundlePredictor

INDEX_PAGE, INDEX_TABLE, DONE = "index.html", "report_index.csv", "complete.json"


def write_reports(
    bundle: Bundle,
    study: Study,
    patients: Sequence[str],
    out: Path,
    request: ReportRequest,
    panels: PanelRequest | None = None,
) -> list[IndexRow]:
    """Write `OUT/PATIENT/COURSE/report.*` for each patient, then `index.html` and `report_index.csv`.

    A patient whose reports are there already, of the same bundle, study and settings, is kept. One whose reports
    cannot be made is a row with the status "failed" and the reason.

    Args:
        panels: what the reports show beside the prediction.
    """
    names = dict(zip(patients, _folder_names(patients), strict=True))
    key = _key(bundle, study, request, panels)
    opened = replace(
        request,
        predictor=request.predictor or BundlePredictor(bundle),
        shared=request.shared or Shared(study, bundle.prepared),
    )
    rows: list[IndexRow] = []
    shown = tqdm(patients, desc="reports", unit="patient", disable=not request.predict.progress)
    quiet = replace(opened, predict=replace(opened.predict, progress=False))
    if panels is not None:
        panels = panels.opened(quiet.predict, opened.predictor, opened.shared)
    for patient_id in shown:
        folder = out / names[patient_id]
        try:
            done = _finished(folder, key)
            rows += done if done is not None else _make(bundle, study, patient_id, folder, quiet, panels, key)
        except Exception as error:  # whatever is wrong with one patient, the others get their reports
            rows.append(IndexRow(patient_id, "", "failed", _told(error)))
    write_csv(index_table(rows), out / INDEX_TABLE)
    write_text(out / INDEX_PAGE, index_html(rows, f"Reports of study {study.study_id}"))
    return rows


def _make(
    bundle: Bundle,
    study: Study,
    patient_id: str,
    folder: Path,
    request: ReportRequest,
    panels: PanelRequest | None,
    key: str,
) -> list[IndexRow]:
    rows = []
    made = make_report(bundle, study, patient_id, request)
    for report in made if panels is None else with_panels(made, bundle, study, panels):
        own = folder / file_name(report.subject.course_id or "no_course")
        write_report(report, own)
        rows.append(index_row(report, f"{folder.name}/{own.name}"))
    courses = [row.folder.rpartition("/")[2] for row in rows]
    write_text(folder / DONE, json.dumps({"key": key, "courses": courses}))
    return rows


def _finished(folder: Path, key: str) -> list[IndexRow] | None:
    """The rows of a patient who is done; None where anything is missing or of other settings."""
    try:
        told = json.loads((folder / DONE).read_text(encoding="utf-8"))
        if told["key"] != key:
            return None
        paths = [folder / str(name) for name in told["courses"]]
        return [index_row(read_report(path / RECORD_NAME), f"{folder.name}/{path.name}") for path in paths]
    except (OSError, ValueError, KeyError, TypeError, TumorcastError):
        return None


def _key(bundle: Bundle, study: Study, request: ReportRequest, panels: PanelRequest | None) -> str:
    """What reports depend on: bundle, study, settings, version."""
    asked = request.predict
    beside = "" if panels is None else panels.key
    parts = [
        __version__, bundle.manifest.seal, json.dumps(sorted(study.digests.items())), str(asked.features),
        str(asked.slide_mpp), str(asked.any_stain), str(asked.trust_features), str(asked.demonstrate),
        repr(asked.policy), str(request.n_tiles), repr(request.sign_off), bundle.verdict.sentence, beside,
    ]  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _folder_names(patients: Sequence[str]) -> Iterator[str]:
    """One each, also where capitals do not count in names of folders."""
    seen: set[str] = set()
    for patient_id in patients:
        name = file_name(patient_id)
        if name.lower() in seen:
            name = f"{name}-{hashlib.sha256(patient_id.encode()).hexdigest()[:8]}"
        seen.add(name.lower())
        yield name


def _told(error: Exception) -> str:
    if isinstance(error, TumorcastError):
        return "; ".join(line.strip() for line in str(error).splitlines())
    return f"{type(error).__name__}: {error}"
