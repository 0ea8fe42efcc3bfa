"""Slides of the simulated samples: planned first (the truth), then written as pictures or feature bags."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tumorcast.cohort.simulate.paint import paint
from tumorcast.cohort.simulate.patients import Patients
from tumorcast.cohort.simulate.planted import MEAN_DENSITY_PER_MM2, SD_DENSITY_PER_MM2
from tumorcast.cohort.simulate.samples import SimulatedSample
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.svs import write_svs
from tumorcast.cohort.simulate.tile_features import write_bag
from tumorcast.cohort.simulate.tissue_plan import SLIDE_MPP, TileFacts, TissuePlan, plan_tissue

MAGNIFICATION = 20
_THREADS = 2
_LEAST_DENSITY_PER_MM2 = 250.0


@dataclass(frozen=True)
class SimulatedSlide:
    """One slide: `number` is its own stream of random numbers; `is_kept` False: planned, never written."""

    slide_id: str
    sample: SimulatedSample
    number: int
    site: int
    density_per_mm2: float
    is_kept: bool


def list_slides(
    settings: SimulationSettings, patients: Patients, samples: Sequence[SimulatedSample]
) -> list[SimulatedSlide]:
    """All slides of the samples that count, and those of the others that were kept.

    A sample taken on treatment has an infiltration of its own, unrelated to the one before.
    """
    random = settings.stream("late infiltration")
    slides = []
    for sample in samples:
        late = MEAN_DENSITY_PER_MM2 + SD_DENSITY_PER_MM2 * (random.standard_normal() + 0.5)
        is_kept = "slide" in sample.layers
        if not is_kept and sample.role != "counting":
            continue
        density = patients.density_per_mm2[sample.patient] if sample.role != "on_treatment" else late
        slides += [
            SimulatedSlide(
                slide_id=f"{sample.sample_id}-S{i + 1}",
                sample=sample,
                number=1000 * sample.patient
                + 10 * ("older", "counting", "on_treatment").index(sample.role)
                + i,
                site=int(patients.site[sample.patient]),
                density_per_mm2=max(float(density), _LEAST_DENSITY_PER_MM2),
                is_kept=is_kept,
            )
            for i in range(sample.n_slides)
        ]
    return slides


def plan_slide(settings: SimulationSettings, slide: SimulatedSlide) -> TissuePlan:
    """The slide's plan; the same at every call."""
    random = settings.stream("tissue", slide.number)
    is_resection = slide.sample.procedure == "resection"
    return plan_tissue(random, settings.tiles_per_slide, slide.density_per_mm2, is_resection)


def slide_facts(
    settings: SimulationSettings, slides: Sequence[SimulatedSlide], progress: bool
) -> dict[str, TileFacts]:
    """slide_id -> the truth about its tiles."""
    shown = tqdm(slides, desc="planning tissue", unit="slide", disable=not progress, leave=False)
    return {slide.slide_id: plan_slide(settings, slide).facts() for slide in shown}


def write_slides(
    settings: SimulationSettings,
    slides: Sequence[SimulatedSlide],
    facts: dict[str, TileFacts],
    folder: Path,
    progress: bool,
) -> dict[str, Path]:
    """Write the kept slides to `folder`; slide_id -> its file."""
    folder.mkdir(parents=True)
    suffix = ".h5" if settings.features_only else ".svs"
    kept = [slide for slide in slides if slide.is_kept]
    paths = {slide.slide_id: folder / f"{slide.slide_id}{suffix}" for slide in kept}

    def write(slide: SimulatedSlide) -> None:
        random = settings.stream("slide", slide.number)
        path = paths[slide.slide_id]
        if settings.features_only:
            write_bag(path, facts[slide.slide_id], slide.site, random)
        else:
            write_svs(path, paint(plan_slide(settings, slide), slide.site, random), SLIDE_MPP, MAGNIFICATION)

    with ThreadPoolExecutor(1 if settings.features_only else _THREADS) as pool:
        verb = "writing features" if settings.features_only else "drawing slides"
        done = pool.map(write, kept)
        for _ in tqdm(done, total=len(kept), desc=verb, unit="slide", disable=not progress):
            pass
    return paths


def mean_density(facts: Sequence[TileFacts]) -> float:
    """Mean over all tiles of several slides, lymphocytes per mm2."""
    return float(np.concatenate([one.density_per_mm2 for one in facts]).mean())
