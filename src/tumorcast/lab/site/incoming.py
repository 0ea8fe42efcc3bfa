"""Incoming cases as a few anonymous numbers: taken when a case is predicted, kept by job, charted against training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tumorcast.domain.errors import TumorcastError
from tumorcast.evaluation.spreads import Spreads, summary_table
from tumorcast.lab.audit import utc
from tumorcast.lab.site.write import plain
from tumorcast.lab.store import LabStore
from tumorcast.readers.study import Study
from tumorcast.serve.answer import Answer
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.predict import Request, predict_with
from tumorcast.slides.discover import READY_SUFFIXES

if TYPE_CHECKING:
    from tumorcast.evaluation.drift import DriftReport

_BASELINE = "pixels: "
_FEWEST = 20
"""Cases, or held-out patients, that others are compared with; their quantiles stay in memory."""


@dataclass(frozen=True)
class CaseNumbers:
    """One course.

    Attributes:
        p_like: p of being like the training patients; NaN unknown.
        numbers: name -> value: of `evaluation.spreads.summary_table`, and `pixels: ...` of its first slide.
        scanner: maker and model as the slide's file says; "" unknown.
    """

    scanner: str
    p_like: float
    numbers: dict[str, float]


def case_summary(
    bundle: Bundle, answer: Answer, slides: Sequence[Path] = (), mpp: float | None = None
) -> CaseNumbers:
    """Of a course that is being predicted; nothing in it names the patient.

    Args:
        slides: its slide images; the first that can be read gives the pixels' numbers and the scanner.
    """
    table = summary_table(bundle.prepared, bundle.reference, [answer.course])
    found = {str(name): float(value) for name, value in table.iloc[0].items() if np.isfinite(value)}
    scanner = ""
    for path in slides:
        pixels, scanner = look_of(path, mpp)
        if pixels:
            found |= pixels
            break
    if answer.row.probability is not None:
        found["probability"] = float(answer.row.probability)
    like = answer.row.like_training
    return CaseNumbers(scanner, float("nan") if like is None else float(like), found)


def look_of(path: Path, mpp: float | None = None) -> tuple[dict[str, float], str]:
    """(numbers of the pixels, scanner) of a slide; nothing where it cannot be read."""
    from tumorcast.slides.appearance import appearance
    from tumorcast.slides.reader import open_slide

    try:
        with open_slide(path, mpp) as slide:
            return appearance(slide).numbers(), scanner_of(slide.properties)
    except (TumorcastError, OSError):
        return {}, ""


def scanner_of(properties: Mapping[str, str]) -> str:
    """Maker and model, or a ScanScope's own name; "" where the file does not say."""
    names = ("openslide.vendor", "aperio.ScanScope ID", "hamamatsu.Product", "ventana.ScannerModel",
             "leica.device-model", "tiff.Model", "tiff.Make")  # fmt: skip
    told = [str(properties[name]).strip() for name in names if properties.get(name)]
    return " ".join(dict.fromkeys(told))[:80]


def keep_numbers(store: LabStore, job_id: str, model_id: str, numbers: CaseNumbers) -> None:
    """Beside the job's result; erased with the patient's case. The same job again replaces them."""
    like = None if np.isnan(numbers.p_like) else numbers.p_like
    with store.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO case_numbers (job_id, model_id, at, scanner, p_like, numbers)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (job_id, model_id, store.clock(), numbers.scanner, like, json.dumps(plain(numbers.numbers))),
        )


def numbers_since(store: LabStore, model_id: str, since: float = 0.0) -> pd.DataFrame:
    """Cases in the order of arrival, as `evaluation.drift.judge_drift` takes them; index: job."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT job_id, at, scanner, p_like, numbers FROM case_numbers WHERE model_id = ? AND at >= ?"
            " ORDER BY at, rowid",
            (model_id, since),
        ).fetchall()
    cases = [(utc(r["at"])[:10], CaseNumbers(r["scanner"], np.nan if r["p_like"] is None else r["p_like"],
                                             json.loads(r["numbers"]))) for r in rows]  # fmt: skip
    return _table([r["job_id"] for r in rows], cases)


def numbers_of_study(bundle: Bundle, study: Study, request: Request) -> pd.DataFrame:
    """Cases of a study that get a number, in the study's order; day "" where the table of slides has no `day`.

    A slide's image is looked at only where its file is there.
    """
    of_sample = study.slides.groupby("sample_id")["path"].apply(list).to_dict()
    scanners = _told(study, "scanner")
    days = _told(study, "day")
    cases: list[tuple[str, CaseNumbers]] = []
    names: list[str] = []

    def watch(answer: Answer) -> None:
        samples = study.samples.index[study.samples["patient_id"] == answer.course.patient_id]
        paths = [Path(p) for sample in samples for p in of_sample.get(sample, []) if Path(p).is_file()]
        made = case_summary(
            bundle, answer, [p for p in paths if p.suffix not in READY_SUFFIXES], request.slide_mpp
        )
        own = [str(s) for s in samples]
        scanner = next((scanners[s] for s in own if scanners.get(s)), made.scanner)
        names.append(answer.course.course_id)
        cases.append(
            (next((days[s] for s in own if days.get(s)), ""), CaseNumbers(scanner, made.p_like, made.numbers))
        )

    predict_with(bundle, study, request, watch)
    return _table(names, cases)


def spreads_for(bundle: Bundle, baseline: pd.DataFrame | None = None) -> Spreads:
    """Training's spreads and distances, joined by those of a site's first cases for what training did not keep (the
    pixels)."""
    known = (bundle.spreads or Spreads({})).joined(Spreads.of_distances(bundle.reference, _FEWEST))
    if baseline is None:
        return known
    numbers = baseline.drop(columns=["day", "scanner", "p_like"], errors="ignore")
    return known.joined(Spreads.of(numbers, _FEWEST))


def drift_of(store: LabStore, bundle: Bundle, since: float = 0.0, baseline_cases: int = 40) -> DriftReport:
    """The lab's cases since a time against training; their pixels against the lab's first `baseline_cases` cases."""
    from tumorcast.evaluation.drift import judge_drift

    everything = numbers_since(store, bundle.manifest.model_id)
    first = everything.head(baseline_cases)
    later = numbers_since(store, bundle.manifest.model_id, since)
    own = [name for name in later.columns if name.startswith(_BASELINE)]
    later.loc[later.index.isin(first.index), own] = np.nan
    return judge_drift(later, spreads_for(bundle, first))


def _told(study: Study, column: str) -> dict[str, str]:
    """Sample -> what `slides.csv` says in a column of its own; empty where it has none."""
    if column not in study.slides:
        return {}
    known = study.slides.dropna(subset=[column])
    return dict(zip(known["sample_id"].astype(str), known[column].astype(str), strict=True))


def _table(names: list[str], cases: list[tuple[str, CaseNumbers]]) -> pd.DataFrame:
    numbers = pd.DataFrame([own.numbers for _, own in cases], index=pd.Index(names, name="case"), dtype=float)
    numbers.insert(0, "day", [day for day, _ in cases])
    numbers.insert(1, "scanner", [own.scanner for _, own in cases])
    numbers.insert(2, "p_like", [own.p_like for _, own in cases])
    return numbers
