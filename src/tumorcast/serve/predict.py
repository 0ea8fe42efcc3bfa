"""Bundle + study -> predictions: every patient with a number, or with the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import TileBag, load_bags
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.attention import PictureSettings, attention_table, draw_attention, joined_tables
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.encode import SlideFeatures, doubtful_slides, encode_study, unfit_slides
from tumorcast.serve.expression_scale import scale_mismatch
from tumorcast.serve.notes import Given
from tumorcast.serve.occlusion import occlusion_table
from tumorcast.serve.rows import WATERMARK, PredictionRow, prediction_table
from tumorcast.serve.session import BundlePredictor, Prediction
from tumorcast.serve.unlike import judge_courses
from tumorcast.serve.verdicts import predicted_row, refusal, rules_for

_COURSES_AT_ONCE = 8
MOST_SHUFFLED_CORRELATION = 0.5
"""Attention that correlates more than this with that of shuffled weights is not shown."""

_SIMULATED = (
    "the model was trained on SIMULATED data and the study is not simulated: no number is given "
    "(--demonstrate gives watermarked ones)"
)


@dataclass(frozen=True)
class Request:
    """What is asked for beside the bundle and the study.

    Attributes:
        features: folder of ready tile features; None: the bundle's encoder makes them.
        cache: where it puts them.
        slide_mpp: um/px of level 0 that stands in where a slide does not say it.
        any_stain: use slides too that are not stained with haematoxylin and eosin.
        demonstrate: give watermarked numbers where they would be refused.
        overlays: folder for pictures of the attention over tiles; None: none are drawn.
        with_attention: also return the attention of tiles and genes.
        with_occlusion: also return the occlusion scores of tiles.
        progress: show progress on stderr.
    """

    cache: Path
    features: Path | None = None
    slide_mpp: float | None = None
    any_stain: bool = False
    demonstrate: bool = False
    overlays: Path | None = None
    with_attention: bool = False
    with_occlusion: bool = False
    progress: bool = False


@dataclass(frozen=True)
class StudyPredictions:
    """What `predict_study` returns.

    Attributes:
        table: as in `predictions.csv`.
        attention: as in `attention.csv`; empty where it was not asked for.
        occlusion: as in `occlusion.csv`; empty where it was not asked for.
        problems: pictures that could not be drawn, one sentence each.
        rows: what the table was made of.
    """

    table: pd.DataFrame
    attention: pd.DataFrame
    occlusion: pd.DataFrame
    problems: list[str]
    rows: tuple[PredictionRow, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A course that got a number, while its tiles are in memory.

    Attributes:
        said: the model's own words, not calibrated.
        bag: its tiles; None without a slide.
        cohort: the courses that are worked on together.
    """

    row: PredictionRow
    course: CourseArrays
    said: Prediction
    bag: TileBag | None
    given: Given
    cohort: Cohort
    predictor: BundlePredictor


Watch = Callable[[Answer], None]


def predict_study(bundle_folder: Path, study_folder: Path, request: Request) -> StudyPredictions:
    """Predict every course of a study.

    A model of simulated data gives no number for a study that is not simulated, unless it is asked to
    demonstrate. Expression on another scale than the training data's is left out, unless demonstrating.
    Patients of whom nothing can be used are listed with the reason.

    Raises:
        BundleError: the bundle is damaged or of another version.
        InputError: the study folder cannot be read.
    """
    return predict_with(load_bundle(bundle_folder), read_study(study_folder), request)


def predict_with(
    bundle: Bundle,
    study: Study,
    request: Request,
    watch: Watch | None = None,
    predictor: BundlePredictor | None = None,
) -> StudyPredictions:
    """As `predict_study`, of a bundle and a study that are read.

    Args:
        watch: is shown each course that got a number.
        predictor: of the bundle, where it is open already.
    """
    work = _Work(bundle, study, request, watch, predictor)
    if bundle.manifest.training_data == "simulated" != work.study.origin and not request.demonstrate:
        work.refuse_all(_SIMULATED)
    else:
        work.predict_all()
    work.list_lost_patients()
    table = prediction_table(work.rows, bundle.manifest, request.demonstrate)
    attention, occlusion = joined_tables(work.attention), joined_tables(work.occlusion)
    if "watermark" in table:
        attention["watermark"] = occlusion["watermark"] = WATERMARK
    return StudyPredictions(table, attention, occlusion, work.problems, tuple(work.rows))


@dataclass
class _Work:
    """One call of `predict_study`: tables that are filled course by course.

    Attributes:
        rows: of `predictions.csv`.
        attention: tables of `attention.csv`.
        occlusion: tables of `occlusion.csv`.
        problems: pictures that could not be drawn.
    """

    bundle: Bundle
    study: Study
    request: Request
    watch: Watch | None = None
    predictor: BundlePredictor | None = None
    rows: list[PredictionRow] = field(default_factory=list)
    attention: list[pd.DataFrame] = field(default_factory=list)
    occlusion: list[pd.DataFrame] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def refuse_all(self, reason: str) -> None:
        """No course gets a number."""
        courses = course_table(self.study)["patient_id"]
        self.rows += [PredictionRow(str(pid), str(cid), "refused", reason) for cid, pid in courses.items()]

    def predict_all(self) -> None:
        """Encode, assemble, then predict some courses at a time, so that few bags are in memory."""
        bundle, request = self.bundle, self.request
        found = self._features()
        rules = rules_for(bundle.manifest, bundle.prepared, self.study, found.folder)
        mismatch = scale_mismatch(self.study, bundle.prepared)
        is_unused = mismatch is not None and not request.demonstrate
        cohort = assemble(replace(self.study, expression=None) if is_unused else self.study, rules)
        unfit = unfit_slides(cohort, bundle.manifest.tile_encoder, self.request.any_stain)
        noted = {note.id: note.reason for note in cohort.report if note.kind == "slide"}
        usable = replace(cohort, slides=cohort.slides[~cohort.slides["slide_id"].isin(list(unfit))])
        slide_problems = {**noted, **found.problems, **unfit, **doubtful_slides(usable)}
        layer_problems = {} if mismatch is None else {"expression": mismatch}
        given = Given(self.study, cohort, bundle.prepared, rules, slide_problems, layer_problems)
        predictor = self.predictor or BundlePredictor(bundle)
        ids = [str(course_id) for course_id in cohort.courses.index]
        starts = range(0, len(ids), _COURSES_AT_ONCE)
        for start in tqdm(starts, desc="predicting", unit="batch", disable=not request.progress):
            self._predict_some(predictor, given, usable.keep(ids[start : start + _COURSES_AT_ONCE]))

    def _features(self) -> SlideFeatures:
        """Given, or made with the bundle's encoder."""
        request = self.request
        if request.features is not None or "slide" not in self.bundle.manifest.modalities:
            return SlideFeatures(request.features)
        return encode_study(
            self.bundle, self.study, request.cache, request.slide_mpp, request.any_stain, request.progress
        )

    def _predict_some(self, predictor: BundlePredictor, given: Given, part: Cohort) -> None:
        prepared, manifest = self.bundle.prepared, self.bundle.manifest
        bags, part = _bags(prepared, part, given)
        courses = [prepared.arrays(part, cid, bags.get(cid)) for cid in map(str, part.courses.index)]
        refused = {c.course_id: refusal(manifest, given, c, self.request.demonstrate) for c in courses}
        said = {p.course_id: p for p in predictor.predict([c for c in courses if not refused[c.course_id]])}
        asked = [course for course in courses if course.course_id in said]
        reference = self.bundle.reference
        unlike = {} if reference is None else judge_courses(reference, prepared, asked)
        for course in courses:
            row, prediction = refused[course.course_id], said.get(course.course_id)
            if prediction is not None:
                row = predicted_row(self.bundle, given, course, prediction, unlike.get(course.course_id))
                bag = bags.get(course.course_id)
                if self.watch is not None:
                    self.watch(Answer(row, course, prediction, bag, given, part, predictor))
                self._show(course, bag, prediction)
                if self.request.with_occlusion and bag is not None and len(course.tiles):
                    self.occlusion.append(occlusion_table(predictor, course, bag))
            if row is not None:
                self.rows.append(row)

    def _show(self, course: CourseArrays, bag: TileBag | None, said: Prediction) -> None:
        """Attention as a table and on pictures, where asked for and where it is the model's own."""
        said = self._without_what_failed(course, said)
        if self.request.with_attention:
            self.attention.append(attention_table(self.bundle.prepared, course, bag, said))
        info = self.bundle.manifest.tile_encoder
        if self.request.overlays is None or bag is None or info is None or not len(said.tile_attention):
            return
        if info.tile_um is None:
            self.problems.append(f"course {course.course_id}: the size of the tiles is not known")
            return
        is_simulated = self.bundle.manifest.training_data == "simulated"
        label = "attention, times the mean tile" + (f" ({WATERMARK})" if is_simulated else "")
        settings = PictureSettings(self.request.overlays, info.tile_um, label, self.request.slide_mpp)
        self.problems += draw_attention(self.study, bag, said.tile_attention, settings)

    def _without_what_failed(self, course: CourseArrays, said: Prediction) -> Prediction:
        """Without the kinds of attention that shuffled weights give too: they show the data, not the model."""
        is_asked = self.request.with_attention or self.request.overlays is not None
        for kind, correlation in self.bundle.manifest.attention_check.items():
            if is_asked and correlation > MOST_SHUFFLED_CORRELATION:
                what = f"{kind} attention is hidden, shuffled weights give it too (rank correlation {correlation:.2f})"
                self.problems.append(f"course {course.course_id}: {what}")
                hidden: dict[str, Any] = {f"{kind}_attention": np.zeros(0, np.float32)}
                said = replace(said, **hidden)
        return said

    def list_lost_patients(self) -> None:
        """Patients that the study names and whose rows could not be read."""
        listed = {row.patient_id for row in self.rows}
        for note in self.study.report:
            if note.kind == "patient" and note.id not in listed:
                listed.add(note.id)
                reason = f"{note.reason}: {note.detail}"
                self.rows.append(PredictionRow(note.id, "", "not_predicted", reason))


def _bags(prepared: Preprocessor, part: Cohort, given: Given) -> tuple[dict[str, TileBag], Cohort]:
    """Tiles of some courses; what could not be read is noted in `given`."""
    if "slide" not in part.modalities or prepared.tiles is None:
        return {}, part
    before = len(part.report)
    bags, part = load_bags(part, width=prepared.tile_dim)
    lost = [note for note in part.report[before:] if note.kind == "slide"]
    given.slide_problems.update({note.id: f"{note.reason}: {note.detail}" for note in lost})
    return bags, part
