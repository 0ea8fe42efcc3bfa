"""Rankings of many patients: one that fails never sinks the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.words import OPEN, caution_lines, described, host_short, outcome_text
from tumorcast.clinic.ranking.write import write_ranking
from tumorcast.clinic.report.names import file_name
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.ranking import RankingRequest, make_ranking
from tumorcast.serve.rows import write_csv
from tumorcast.serve.session import BundlePredictor

TABLE = "rankings.csv"


@dataclass(frozen=True)
class RankedPatient:
    """What became of a patient: status of the ranking or "failed", why, and the folder where it lies."""

    patient_id: str
    status: str
    reason: str
    folder: str = ""


def write_rankings(
    bundle: Bundle, study: Study, patients: Sequence[str], out: Path, request: RankingRequest
) -> tuple[list[RankedPatient], list[str]]:
    """Write `OUT/PATIENT/ranking.*` for each, and `rankings.csv`, one row a candidate of each patient.

    Returns:
        What became of each, and what could not be written, each sentence once.
    """
    opened = replace(
        request,
        predictor=request.predictor or BundlePredictor(bundle),
        shared=request.shared or Shared(study, bundle.prepared),
    )
    quiet = replace(opened, predict=replace(opened.predict, progress=False))
    found, problems, rows = [], dict[str, None](), []
    for patient_id in tqdm(patients, desc="patients", unit="patient", disable=not request.predict.progress):
        folder = out / file_name(patient_id)
        try:
            ranking = make_ranking(bundle, study, patient_id, quiet)
            problems.update(dict.fromkeys(write_ranking(ranking, folder)))
        except Exception as error:  # whatever is wrong with one patient, the others get their rankings
            found.append(RankedPatient(patient_id, "failed", _told(error)))
            continue
        rows += _rows(ranking)
        found.append(RankedPatient(patient_id, ranking.status, ranking.reason, folder.name))
    write_csv(pd.DataFrame(rows), out / TABLE)
    return found, list(problems)


def _rows(ranking: Ranking) -> list[dict[str, object]]:
    return [
        {
            "patient_id": ranking.subject.patient_id,
            "cancer": ranking.subject.cancer,
            "status": ranking.status,
            "regimen": one.key,
            "setting": "; ".join(setting for setting, _ in described(one)),
            "biomarker": "; ".join(biomarker for _, biomarker in described(one)),
            "is_standard": one.is_standard,
            "tie_group": one.group,
            "outcome": outcome_text(ranking.outcome),
            "probability": None if one.number is None else one.number.value,
            "low": None if one.number is None else one.number.low,
            "high": None if one.number is None else one.number.high,
            "tier": one.tier,
            "n_here": one.n_here,
            "overlap": one.overlap.support,
            "contraindications": "; ".join(caution_lines(one, "contraindication", OPEN["contraindication"])),
            "pharmacogenes": "; ".join(host_short(ranking, one)),
            "reason": one.reason,
            "watermark": ranking.watermark,
            "notice": "outcome among patients who received it; research use only, preliminary",
        }
        for one in ranking.candidates
    ]


def _told(error: Exception) -> str:
    if isinstance(error, TumorcastError):
        return "; ".join(line.strip() for line in str(error).splitlines())
    return f"{type(error).__name__}: {error}"
