"""One job: the case's study, the bundle's answer, the report's first version in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.write import write_report
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.read import read_series
from tumorcast.domain.errors import InputError
from tumorcast.lab.bundles import open_bundle
from tumorcast.lab.case_host import HOST_FILES, host_of
from tumorcast.lab.case_study import study_of
from tumorcast.lab.cases import Case, get_case
from tumorcast.lab.jobs import Job
from tumorcast.lab.leases import Outcome
from tumorcast.lab.signatures import checked_signature
from tumorcast.lab.site.incoming import keep_numbers
from tumorcast.lab.site.marks import Noted, site_flags
from tumorcast.lab.slide_size import need_pixel_sizes
from tumorcast.lab.store import LabStore
from tumorcast.lab.uploads import stored_path
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.curves import CurvesRequest
from tumorcast.serve.policy import STRICT, Policy, read_policy
from tumorcast.serve.predict import Request
from tumorcast.serve.ranking import RankingRequest
from tumorcast.serve.report import ReportRequest, make_report
from tumorcast.serve.report_panels import PanelRequest, TwinAsked, with_panels
from tumorcast.serve.session import BundlePredictor

POLICY_NAME = "policy.yaml"
Stage = Callable[[str, int, int], None]


@dataclass
class OpenBundle:
    """The bundle that was used last, kept open: most jobs want the same one."""

    store: LabStore
    bundle_id: str = ""
    bundle: Bundle | None = None
    predictor: BundlePredictor | None = None

    def of(self, bundle_id: str) -> tuple[Bundle, BundlePredictor]:
        """The bundle, checked when it is opened.

        Raises:
            BundleError: it is not as it was registered.
        """
        if self.bundle is None or self.predictor is None or self.bundle_id != bundle_id:
            self.bundle_id, self.bundle, self.predictor = "", None, None
            bundle = open_bundle(self.store, bundle_id)
            self.bundle_id, self.bundle, self.predictor = bundle_id, bundle, BundlePredictor(bundle)
        return self.bundle, self.predictor


def run_job(store: LabStore, job: Job, opened: OpenBundle, stage: Stage) -> tuple[Outcome, Path]:
    """(what it came to, folder of the report).

    Args:
        stage: told (what is done, how much of it, of how much); may raise to stop.

    Raises:
        TumorcastError: a file of the case or the bundle cannot be used.
    """
    case = get_case(store, job.case_id)
    stage("reading files", 0, 0)
    place = store.case_folder(case.id) / "jobs" / job.id
    try:
        study = study_of(store, case.id, place)
        stage("opening bundle", 0, 0)
        bundle, predictor = opened.of(job.bundle_id)
        if "slide" in bundle.manifest.modalities:
            need_pixel_sizes(store, case)
        signed_by = checked_signature(bundle, store)
        request = Request(
            cache=store.case_folder(case.id) / "features" / _encoder_of(bundle),
            slide_mpp=case.facts.slide_mpp,
            demonstrate=store.config.demonstrate or bool(job.options.get("demonstrate")),
            policy=policy_of(store),
            on_tiles=lambda done, total: stage("encoding tiles", done, total),
        )
        stage("predicting", 0, 0)
        paths = tuple(Path(path) for path in study.slides["path"])
        noted = Noted(bundle, paths, case.facts.slide_mpp)
        asked = ReportRequest(request, predictor=predictor, watch=noted)
        made = make_report(bundle, study, case.facts.patient_id, asked)
        panels = panels_for(store, case, request)
        if panels != PanelRequest():
            stage("beside the prediction", 0, 0)
            made = with_panels(made, bundle, study, panels.opened(request, predictor, None))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if len(made) != 1:
        raise InputError("the case must be one course of treatment", got=f"{len(made)} courses")
    report = _marked(store, job, _traced(case, made[0], signed_by), noted)
    stage("writing report", 0, 0)
    work = store.folder / "reports" / f".work-{job.id}-{job.attempts}"
    shutil.rmtree(work, ignore_errors=True)
    write_report(report, work)
    return outcome_of(report), work


def panels_for(store: LabStore, case: Case, request: Request) -> PanelRequest:
    """What the lab's settings ask for, the twin where the case has lesions, the host where it has its files."""
    tables = [stored_path(store, file) for file in case.files if file.kind == "lesions"]
    named = store.config.twin_population
    chosen = named_population(named) if tables and named else None
    twin = TwinAsked(read_series(tables), chosen, is_declared=False) if tables else None
    host = {file.kind: stored_path(store, file) for file in case.files if file.kind in HOST_FILES}
    return PanelRequest(
        RankingRequest(request) if store.config.rank else None,
        CurvesRequest(request) if store.config.curves else None,
        twin,
        host_of(host, case.facts.patient_id),
    )


def _encoder_of(bundle: Bundle) -> str:
    """Names the folder of features: those of one tile encoder; "none" where it is not recorded or there is none."""
    encoder = bundle.manifest.tile_encoder
    return ("" if encoder is None else encoder.sha256[:16]) or "none"


def _marked(store: LabStore, job: Job, report: PatientReport, noted: Noted) -> PatientReport:
    """With what the site's checks say of the model now; the case's numbers are kept for the drift charts."""
    manifest = noted.bundle.manifest
    if noted.numbers is not None:
        keep_numbers(store, job.id, manifest.model_id, noted.numbers)
    return replace(report, flags=(*report.flags, *site_flags(store, manifest.model_id, manifest.seal)))


def policy_of(store: LabStore) -> Policy:
    """What the lab decided about the guards: `policy.yaml` of its folder; as strict as can be where there is none.

    Raises:
        InputError: it cannot be read.
    """
    path = store.folder / POLICY_NAME
    return read_policy(path) if path.is_file() else STRICT


def outcome_of(report: PatientReport) -> Outcome:
    """What the worklist and the charts need of a report."""
    response = report.response
    summary: dict[str, object] = {
        "probability": None if response is None else response.probability,
        "low": None if response is None else response.low,
        "high": None if response is None else response.high,
        "answers": "" if response is None else response.answers,
        "risk": None if report.survival is None else report.survival.risk,
        "flags": sorted({flag.code for flag in report.flags}),
        "watermark": report.watermark,
    }
    return Outcome(report.status, report.reason, summary)


def _traced(case: Case, report: PatientReport, signed_by: str) -> PatientReport:
    """With the digests of the files as they were uploaded, and the bundle's signature as the lab checked it."""
    uploads = tuple((f"uploaded {file.kind} {file.id}", file.sha256) for file in case.files)
    digests = (*uploads, *report.provenance.digests)
    return replace(report, provenance=replace(report.provenance, digests=digests, signature=signed_by))
