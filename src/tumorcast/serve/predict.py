"""Bundle + study -> predictions: every patient with a number, or with the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from tumorcast.clinic.report.notices import ATTENTION
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import TileBag
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.courses import course_table
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.answer import Answer, Watch
from tumorcast.serve.attention import PictureSettings, attention_table, draw_attention, joined_tables
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.findings import Finding, is_refused
from tumorcast.serve.guards.attribution import hidden_attention, without_hidden
from tumorcast.serve.guards.case import Case
from tumorcast.serve.guards.check import findings_after, findings_before, without
from tumorcast.serve.guards.origin import study_findings, watermark_of
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.notes import Given
from tumorcast.serve.occlusion import occlusion_table
from tumorcast.serve.opening import bags_of, open_study
from tumorcast.serve.request import Request
from tumorcast.serve.rows import PredictionRow, prediction_table
from tumorcast.serve.session import BundlePredictor, Prediction
from tumorcast.serve.unlike import judge_courses
from tumorcast.serve.verdicts import predicted_row, refused_row

_COURSES_AT_ONCE = 8


@dataclass(frozen=True)
class StudyPredictions:
    """What `predict_study` returns.

    Attributes:
        table: as in `predictions.csv`.
        attention: as in `attention.csv`; empty where it was not asked for.
        occlusion: as in `occlusion.csv`; empty where it was not asked for.
        problems: pictures that could not be drawn, one sentence each.
        rows: what the table was made of, with the findings of each course.
        watermark: what stands across everything that is made of this; "" nothing.
        device: CPU or CUDA; "" where nothing was computed.
    """

    table: pd.DataFrame
    attention: pd.DataFrame
    occlusion: pd.DataFrame
    problems: list[str]
    rows: tuple[PredictionRow, ...] = ()
    watermark: str = ""
    device: str = ""


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
    shared: Shared | None = None,
) -> StudyPredictions:
    """As `predict_study`, of a bundle and a study that are read.

    Args:
        watch: is shown each course that got a number.
        predictor: of the bundle, where it is open already.
        shared: of the whole study, where this is some patients of it; theirs are compared with those of the others.
    """
    work = _Work(bundle, study, request, shared or Shared(study, bundle.prepared), watch, predictor)
    if is_refused(work.of_study):
        work.refuse_all()
    else:
        work.predict_all()
    work.list_lost_patients()
    mark = work.watermark
    table = prediction_table(work.rows, bundle.manifest, mark)
    attention, occlusion = joined_tables(work.attention), joined_tables(work.occlusion)
    for made in (attention, occlusion):
        made["notice"] = ATTENTION
        if mark:
            made["watermark"] = mark
    return StudyPredictions(table, attention, occlusion, work.problems, tuple(work.rows), mark, work.device)


@dataclass
class _Work:
    """One call of `predict_study`: tables that are filled course by course.

    Attributes:
        rows: of `predictions.csv`.
        attention: tables of `attention.csv`.
        occlusion: tables of `occlusion.csv`.
        problems: pictures that could not be drawn.
        device: what was computed on.
    """

    bundle: Bundle
    study: Study
    request: Request
    shared: Shared
    watch: Watch | None = None
    predictor: BundlePredictor | None = None
    rows: list[PredictionRow] = field(default_factory=list)
    attention: list[pd.DataFrame] = field(default_factory=list)
    occlusion: list[pd.DataFrame] = field(default_factory=list)
    device: str = ""
    problems: list[str] = field(default_factory=list)

    @cached_property
    def of_study(self) -> list[Finding]:
        """What is found of every course alike."""
        policy, demonstrate = self.request.policy, self.request.demonstrate
        found = study_findings(self.bundle.manifest, self.study)
        return [policy.settled(one, demonstrate) for one in found]

    @property
    def watermark(self) -> str:
        """Across everything that is made here."""
        return watermark_of(self.bundle.manifest, self.study.origin, self.request.demonstrate)

    def refuse_all(self) -> None:
        """No course gets a number."""
        courses = course_table(self.study)["patient_id"]
        self.rows += [refused_row(str(pid), str(cid), self.of_study) for cid, pid in courses.items()]

    def predict_all(self) -> None:
        """Encode, assemble, then predict some courses at a time, so that few bags are in memory."""
        request = self.request
        opened = open_study(self.bundle, self.study, request)
        given, usable = opened.given, opened.usable
        predictor = self.predictor or BundlePredictor(self.bundle)
        self.device = predictor.device
        ids = [str(course_id) for course_id in usable.courses.index]
        starts = range(0, len(ids), _COURSES_AT_ONCE)
        for start in tqdm(starts, desc="predicting", unit="batch", disable=not request.progress):
            self._predict_some(predictor, given, usable.keep(ids[start : start + _COURSES_AT_ONCE]))

    def _predict_some(self, predictor: BundlePredictor, given: Given, part: Cohort) -> None:
        prepared, demonstrate = self.bundle.prepared, self.request.demonstrate
        cases = {cid: self._case(given, cid) for cid in map(str, part.courses.index)}
        found = {cid: findings_before(case, demonstrate) for cid, case in cases.items()}
        for cid, own in found.items():
            part = without(part, cid, own)
        bags, part = bags_of(prepared, part, given)
        courses = prepared.all_arrays(part, list(cases), bags)
        reference = self.bundle.reference
        unlike = {} if reference is None else judge_courses(reference, prepared, courses)
        for course in courses:
            own = found[course.course_id]
            after = findings_after(
                cases[course.course_id], course, unlike.get(course.course_id), own, demonstrate
            )
            found[course.course_id] = [*self.of_study, *own, *after]
        said = iter(predictor.predict([c for c in courses if not is_refused(found[c.course_id])]))
        for course in courses:
            own = found[course.course_id]
            if is_refused(own):
                self.rows.append(refused_row(course.patient_id, course.course_id, own))
                continue
            prediction, bag = next(said), bags.get(course.course_id)
            row = predicted_row(self.bundle, course, prediction, unlike.get(course.course_id), own)
            self.rows.append(row)
            shown = without_hidden(self.bundle.manifest, prediction)
            if self.watch is not None:
                self.watch(Answer(row, course, shown, bag, given, part, predictor))
            self._show(course, bag, shown)
            if self.request.with_occlusion and bag is not None and len(course.tiles):
                self.occlusion.append(occlusion_table(predictor, course, bag))

    def _case(self, given: Given, course_id: str) -> Case:
        return Case(self.bundle, given, self.request.policy, self.shared, course_id)

    def _show(self, course: CourseArrays, bag: TileBag | None, said: Prediction) -> None:
        """Attention as a table and on pictures, where asked for and where it is the model's own."""
        if self.request.with_attention or self.request.overlays is not None:
            hidden = hidden_attention(self.bundle.manifest).values()
            self.problems += [f"course {course.course_id}: {why}" for why in hidden]
        if self.request.with_attention:
            self.attention.append(attention_table(self.bundle.prepared, course, bag, said))
        info = self.bundle.manifest.tile_encoder
        if self.request.overlays is None or bag is None or info is None or not len(said.tile_attention):
            return
        if info.tile_um is None:
            self.problems.append(f"course {course.course_id}: the size of the tiles is not known")
            return
        label = "attention, times the mean tile" + (f" ({self.watermark})" if self.watermark else "")
        settings = PictureSettings(self.request.overlays, info.tile_um, label, self.request.slide_mpp)
        self.problems += draw_attention(self.study, bag, said.tile_attention, settings)

    def list_lost_patients(self) -> None:
        """Patients that the study names and whose rows could not be read."""
        listed = {row.patient_id for row in self.rows}
        for note in self.study.report:
            if note.kind == "patient" and note.id not in listed:
                listed.add(note.id)
                reason = f"{note.reason}: {note.detail}"
                self.rows.append(PredictionRow(note.id, "", "not_predicted", reason))
