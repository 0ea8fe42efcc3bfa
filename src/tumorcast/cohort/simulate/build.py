"""Builds a simulated study folder: `simulate_study`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tumorcast.cohort.simulate.cancers import USUAL, Drugs
from tumorcast.cohort.simulate.courses import draw_courses
from tumorcast.cohort.simulate.hosts import draw_hosts
from tumorcast.cohort.simulate.outcomes import draw_outcomes, in_order
from tumorcast.cohort.simulate.patients import F64, draw_patients
from tumorcast.cohort.simulate.planted import MEAN_DENSITY_PER_MM2, SD_DENSITY_PER_MM2
from tumorcast.cohort.simulate.potential import potential_table
from tumorcast.cohort.simulate.samples import draw_samples
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.sizes import draw_sizes
from tumorcast.cohort.simulate.slides import (
    SimulatedSlide,
    list_slides,
    mean_density,
    slide_facts,
    write_slides,
)
from tumorcast.cohort.simulate.tables import make_study
from tumorcast.cohort.simulate.tissue_plan import TileFacts
from tumorcast.cohort.simulate.treatments import Assignment, Regimens
from tumorcast.cohort.simulate.truth import course_truth, write_truth
from tumorcast.domain.errors import InputError
from tumorcast.readers.files import replaced_folder
from tumorcast.readers.meta import SIMULATION_RECORD
from tumorcast.readers.write_study import write_study

RECORD_FILE = SIMULATION_RECORD
"""Settings of a finished simulation, at the top of its folder."""


def simulate_study(
    out: Path,
    *,
    n_patients: int,
    seed: int,
    tiles_per_slide: int = 40,
    features_only: bool = False,
    null: bool = False,
    regimens: Regimens = "three",
    assignment: Assignment = "randomised",
    no_overlap: bool = False,
    cancers: tuple[str, ...] = USUAL,
    drugs: Drugs = "drawn",
    host: bool = False,
    progress: bool = True,
    force: bool = False,
) -> Path:
    """Write a simulated study with its planted truth to `out`; the same settings give the same study.

    Built under a temporary name and renamed at the end. A finished one of the same settings is left as it is.

    Args:
        out: study folder (cBioPortal layout), with `slides/` and `truth/`.
        progress: show it on stderr. force: replace a simulated study of other settings. All else: see
            `SimulationSettings`.

    Raises:
        InputError: `out` holds something else, or a setting is out of range.
    """
    settings = SimulationSettings(
        n_patients,
        seed,
        tiles_per_slide,
        features_only,
        null,
        regimens,
        assignment,
        no_overlap,
        cancers,
        drugs,
        host,
    )
    if not is_finished(out, settings):
        _check_free(out, force)
        with replaced_folder(out.absolute()) as building:
            _build(building, settings, progress)
    return out


def is_finished(out: Path, settings: SimulationSettings) -> bool:
    """True where `out` already holds the study of these settings."""
    return _recorded(out) == settings.recorded()


def _recorded(out: Path) -> object:
    try:
        return json.loads((out / RECORD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _check_free(out: Path, force: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    recorded = _recorded(out)
    if recorded is None:
        raise InputError(
            f"{out} exists and is not a simulated study",
            expected="a folder that does not exist, or one that an earlier simulation wrote",
            fix="choose another folder; --force replaces simulated studies only",
        )
    if not force:
        raise InputError(
            f"{out} holds a simulated study of other settings",
            got=recorded,
            fix="choose another folder, or add --force to replace it",
        )


def _build(folder: Path, settings: SimulationSettings, progress: bool) -> None:
    patients = draw_patients(settings.stream("patients"), settings.n_patients)
    courses = draw_courses(settings, patients)
    samples = draw_samples(settings, patients, courses)
    slides = list_slides(settings, patients, samples)
    facts = slide_facts(settings, slides, progress)
    terms = {**patients.terms(), "infiltration": _seen_infiltration(slides, facts, len(patients))}
    hosts = draw_hosts(settings.stream("hosts"), len(patients)) if settings.host else None
    terms |= hosts.terms() if hosts else {}
    truth = course_truth(courses, terms, settings.null, settings.treatments)
    potential = potential_table(settings, patients, courses, terms)
    drawn = draw_outcomes(settings.stream("outcomes"), truth["linear_predictor"].to_numpy())
    outcomes = in_order(drawn, courses)
    linear = truth["linear_predictor"].to_numpy()
    sizes = draw_sizes(settings.stream("sizes"), linear, outcomes.best_response)
    paths = write_slides(settings, slides, facts, folder / "slides", progress)
    study = make_study(settings, folder, patients, courses, samples, slides, paths, outcomes, sizes, hosts)
    write_study(study, folder)
    written = {slide_id: facts[slide_id] for slide_id in paths}
    write_truth(folder / "truth", settings, truth, outcomes, potential, written)
    record = json.dumps(settings.recorded(), indent=1) + "\n"
    (folder / RECORD_FILE).write_text(record, encoding="utf-8")


def _seen_infiltration(slides: list[SimulatedSlide], facts: dict[str, TileFacts], n_patients: int) -> F64:
    """[n patients] the formula's infiltration, from the tiles of the slides that count."""
    of_patient: list[list[TileFacts]] = [[] for _ in range(n_patients)]
    for slide in slides:
        if slide.sample.role == "counting":
            of_patient[slide.sample.patient].append(facts[slide.slide_id])
    density = np.array([mean_density(own) for own in of_patient])
    return (density - MEAN_DENSITY_PER_MM2) / SD_DENSITY_PER_MM2
