"""Bundle + study + patient -> the record of a report, one for each course of treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tumorcast.clinic.report.notices import LIMITS, SIMULATED_LIMIT
from tumorcast.clinic.report.record import Flag, PatientReport, SignOff
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.study import Study
from tumorcast.serve.answer import Answer, Watch
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.evidence import contributions_of, response_of, survival_of
from tumorcast.serve.evidence_parts import genes_of, programmes_of
from tumorcast.serve.evidence_population import in_deviations, missing_of, pattern_of, placements_of
from tumorcast.serve.evidence_slides import shown_of
from tumorcast.serve.guards.origin import watermark_of
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.identity import provenance_of, subject_of
from tumorcast.serve.never_tested import never_tested
from tumorcast.serve.predict import Request, predict_with
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.session import BundlePredictor

UNSIGNED = SignOff("preliminary", "", "", "")


@dataclass(frozen=True)
class ReportRequest:
    """What is asked for beside bundle, study and patient.

    Attributes:
        predict: as for `predict_with`.
        n_tiles: how many of the highest and of the lowest tiles are shown.
        sign_off: who stands for it.
        predictor: of the bundle, where it is open already.
        shared: what guards ask of the whole study, where that is found already.
        watch: is shown each course that got a number, too.
    """

    predict: Request
    n_tiles: int = 6
    sign_off: SignOff = UNSIGNED
    predictor: BundlePredictor | None = None
    shared: Shared | None = None
    watch: Watch | None = None


def make_report(
    bundle: Bundle, study: Study, patient_or_course: str, request: ReportRequest
) -> list[PatientReport]:
    """Reports of a patient's courses (or of the one course), in the order of their start; refused ones too.

    Raises:
        InputError: the study has no such patient or course.
    """
    own, course_id = _narrowed(study, patient_or_course)
    made: dict[str, PatientReport] = {}

    def fill(answer: Answer) -> None:
        made[answer.course.course_id] = _predicted(bundle, own, answer, request)
        if request.watch is not None:
            request.watch(answer)

    shared = request.shared or Shared(study, bundle.prepared)
    said = predict_with(bundle, own, request.predict, fill, request.predictor, shared)
    rows = [row for row in said.rows if course_id in ("", row.course_id)]
    return [made.get(row.course_id) or _without_number(bundle, own, row, request) for row in rows]


def patients_of(study: Study) -> list[str]:
    """Every patient that the study names, those whose rows could not be read included."""
    lost = [note.id for note in study.report if note.kind == "patient"]
    return list(dict.fromkeys([*map(str, study.patients.index), *lost]))


def check_patients(study: Study, wanted: Sequence[str]) -> list[str]:
    """The patients asked for, each once.

    Raises:
        InputError: the study has no such patient.
    """
    known = patients_of(study)
    for name in wanted:
        if name not in known:
            raise _unknown(name, known)
    return list(dict.fromkeys(wanted))


def _unknown(wanted: str, known: Sequence[str]) -> InputError:
    return InputError(
        f"the study has no patient or course '{wanted}'",
        expected=f"one of {len(known)} patients",
        fix=did_you_mean(wanted, known),
    )


def _narrowed(study: Study, wanted: str) -> tuple[Study, str]:
    """The study of the one patient, and the course that is meant ("" all)."""
    known = patients_of(study)
    if wanted in known:
        return study.keep([wanted]), ""
    patient_id = wanted.rpartition("-L")[0]
    if patient_id in known:
        return study.keep([patient_id]), wanted
    raise _unknown(wanted, known)


def _predicted(bundle: Bundle, study: Study, answer: Answer, request: ReportRequest) -> PatientReport:
    row, prepared = answer.row, bundle.prepared
    response, survival = response_of(bundle, answer), survival_of(bundle, row)
    shown = shown_of(bundle, study, answer, request.n_tiles, request.predict.slide_mpp)
    return PatientReport(
        subject=subject_of(study, row, answer),
        provenance=provenance_of(bundle, study, answer),
        status=row.status,
        reason=row.reason,
        watermark=watermark_of(bundle.manifest, study.origin, request.predict.demonstrate),
        response=response,
        survival=survival,
        contributions=contributions_of(bundle, answer),
        missing=missing_of(bundle, answer),
        pattern=pattern_of(bundle, answer),
        genes=genes_of(prepared, answer),
        programmes=in_deviations(programmes_of(prepared, answer), prepared, bundle.comparison),
        tiles=shown.tiles,
        slides=shown.slides,
        flags=_flags(row),
        placements=placements_of(bundle, answer, response, survival),
        never_tested=never_tested(bundle.manifest),
        limits=limits_of(bundle),
        sign_off=request.sign_off,
    )


def _without_number(
    bundle: Bundle, study: Study, row: PredictionRow, request: ReportRequest
) -> PatientReport:
    return PatientReport(
        subject=subject_of(study, row),
        provenance=provenance_of(bundle, study),
        status=row.status,
        reason=row.reason,
        watermark=watermark_of(bundle.manifest, study.origin, request.predict.demonstrate),
        response=None,
        survival=None,
        contributions=(),
        missing=(),
        pattern=None,
        genes=(),
        programmes=(),
        tiles=(),
        slides=(),
        flags=_flags(row) or (Flag("refusal", row.status, row.reason),),
        placements=(),
        never_tested=never_tested(bundle.manifest),
        limits=limits_of(bundle),
        sign_off=request.sign_off,
    )


def limits_of(bundle: Bundle) -> tuple[str, ...]:
    """What the report does not say."""
    return (SIMULATED_LIMIT, *LIMITS) if bundle.manifest.training_data == "simulated" else LIMITS


def _flags(row: PredictionRow) -> tuple[Flag, ...]:
    """What speaks against the number, or why there is none."""
    return tuple(Flag(found.level, found.code, found.sentence) for found in row.findings)


def signed(report: PatientReport, sign_off: SignOff) -> PatientReport:
    """The same, with who stands for it."""
    return replace(report, sign_off=sign_off)
