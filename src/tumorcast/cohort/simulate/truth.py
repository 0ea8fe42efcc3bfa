"""The planted truth beside the study (`OUT/truth/`): for tests and people, never read by training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.cohort.simulate.courses import SimulatedCourse
from tumorcast.cohort.simulate.formula import contributions, linear_predictor, probability, stated_formula
from tumorcast.cohort.simulate.oracle import oracle_figures
from tumorcast.cohort.simulate.outcomes import Outcomes
from tumorcast.cohort.simulate.patients import F64
from tumorcast.cohort.simulate.planted import (
    INTERFERON_GENES,
    PROGRAMME_GENES,
    REPAIR_GENES,
)
from tumorcast.cohort.simulate.potential import stated_values
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.tissue_plan import TileFacts
from tumorcast.cohort.simulate.treatments import THREE, Treatments


def course_truth(
    courses: Sequence[SimulatedCourse],
    patient_terms: Mapping[str, F64],
    null: bool,
    treatments: Treatments = THREE,
) -> pd.DataFrame:
    """One row a course: ids, regimen class, probability, linear predictor, every term (`term_*`) and what
    it adds to the linear predictor (`adds_*`)."""
    owner = np.array([course.patient for course in courses])
    regimen = np.array([course.regimen for course in courses])
    terms = {name: values[owner] for name, values in patient_terms.items()}
    linear = linear_predictor(terms, regimen, null, treatments)
    added = contributions(terms, regimen, null, treatments)
    return pd.DataFrame({
        "course_id": [course.course_id for course in courses],
        "patient_id": [course.patient_id for course in courses],
        "regimen_class": [treatments.classes[i] for i in regimen],
        "probability": probability(linear),
        "linear_predictor": linear,
        **{f"term_{name}": values for name, values in terms.items()},
        **{f"adds_{name}": values for name, values in added.items()},
    })  # fmt: skip


def write_truth(
    folder: Path,
    settings: SimulationSettings,
    courses: pd.DataFrame,
    outcomes: Outcomes,
    potential: pd.DataFrame,
    tiles: Mapping[str, TileFacts],
) -> None:
    """Write `formula.json`, `patients.csv`, `potential_outcomes.csv`, `genes.csv`, `tiles.csv` (of written slides)."""
    folder.mkdir()
    null, kind = settings.null, settings.regimens
    stated = {
        **stated_formula(null, settings.treatments),
        "auroc": oracle_figures(null, regimens=kind, host=settings.host),
        "regimens": stated_values(kind, settings.assignment, settings.no_overlap, null, host=settings.host),
    }
    (folder / "formula.json").write_text(json.dumps(stated, indent=1) + "\n", encoding="utf-8")
    is_response = [category in ("CR", "PR") for category in outcomes.best_response]
    courses.assign(is_response=is_response).to_csv(folder / "patients.csv", index=False, float_format="%.6f")
    potential.to_csv(folder / "potential_outcomes.csv", index=False, float_format="%.6f")
    _tile_table(tiles).to_csv(folder / "tiles.csv", index=False, float_format="%.1f")
    _gene_table().to_csv(folder / "genes.csv", index=False)


def _tile_table(tiles: Mapping[str, TileFacts]) -> pd.DataFrame:
    columns = ["slide_id", "x", "y", "lymphocytes_per_mm2", "is_planted"]
    parts = [
        pd.DataFrame({
            "slide_id": slide_id,
            "x": facts.coords[:, 0],
            "y": facts.coords[:, 1],
            "lymphocytes_per_mm2": facts.density_per_mm2,
            "is_planted": facts.is_planted,
        })
        for slide_id, facts in tiles.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _gene_table() -> pd.DataFrame:
    groups = {"interferon_loss": INTERFERON_GENES, "repair_loss": REPAIR_GENES, "programme": PROGRAMME_GENES}
    rows = [
        (gene, term, "expression" if term == "programme" else "mutations")
        for term, genes in groups.items()
        for gene in genes
    ]
    return pd.DataFrame(rows, columns=["gene", "term", "modality"])
