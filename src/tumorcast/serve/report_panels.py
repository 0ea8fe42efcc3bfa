"""Reports of a patient + what was asked for beside the prediction -> reports with panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tumorcast.biology.drugs import Agent
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.report.notices import NO_RANKING, SIDE_BY_SIDE
from tumorcast.clinic.report.panel_host import host_flags
from tumorcast.clinic.report.record import Flag, PatientReport
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.read import series_named
from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.readers.size_series import SeriesTables
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.curves import CurvesRequest, make_curves
from tumorcast.serve.guards.shared import Shared
from tumorcast.serve.host import Host
from tumorcast.serve.patient_cancer import declared_cancer
from tumorcast.serve.ranking import RankingRequest, make_ranking
from tumorcast.serve.request import Request
from tumorcast.serve.session import BundlePredictor
from tumorcast.serve.size_prior import size_prior

_MOST_CURVES = 4
"""Of candidates, beside that of the recorded regimen."""


@dataclass(frozen=True)
class TwinAsked:
    """Measured sizes of patients, and the population that the twin is a draw of.

    Attributes:
        population: None: none was chosen, and that is told.
        is_declared: it was named for these patients; False: cancer or treatment have to be its own.
        predict: with which the bundle is asked for the size before any scan, where it has the head; None: it is not.
        predictor, shared: of the bundle and the whole study, where they are open already.
    """

    sizes: SeriesTables
    population: TwinPopulation | None
    is_declared: bool = True
    predict: Request | None = None
    predictor: BundlePredictor | None = None
    shared: Shared | None = None

    @property
    def key(self) -> str:
        """Of what is in it."""
        series = [(one.patient_id, one.days.tolist(), one.low_mm.tolist(), one.high_mm.tolist(), one.not_evaluated)
                  for one in self.sizes.series]  # fmt: skip
        told = [(one.arm, one.progressed) for one in self.sizes.series]
        return repr((series, told, self.sizes.problems, self.population, self.is_declared))


@dataclass(frozen=True)
class PanelRequest:
    """What is asked for beside the prediction; None: not asked for."""

    ranking: RankingRequest | None = None
    curves: CurvesRequest | None = None
    twin: TwinAsked | None = None
    host: Host | None = None

    def opened(
        self, predict: Request, predictor: BundlePredictor | None, shared: Shared | None
    ) -> PanelRequest:
        """With the bundle's predictor and the study's `Shared`, which are open already."""
        ranking, curves, twin = self.ranking, self.curves, self.twin
        return PanelRequest(
            ranking and replace(ranking, predict=predict, predictor=predictor, shared=shared, host=self.host),
            curves and replace(curves, predict=predict, predictor=predictor),
            twin and replace(twin, predict=predict, predictor=predictor, shared=shared),
            self.host,
        )

    @property
    def key(self) -> str:
        """What the panels depend on, beside the prediction's own settings."""
        ranking, curves = self.ranking, self.curves
        told = ranking and (ranking.formulary, ranking.cancer, ranking.line, ranking.setting)
        drawn = curves and (curves.regimens, curves.landmark, curves.line, curves.cancer)
        return repr((told, drawn, self.twin and self.twin.key, self.host and self.host.key))


def with_panels(
    reports: Sequence[PatientReport], bundle: Bundle, study: Study, asked: PanelRequest
) -> list[PatientReport]:
    """The reports of one patient, that of the course in question with its panels.

    A report without a number gets that of the host alone, which does not rest on the prediction. Where a panel
    cannot be made the reports say why, and are the same otherwise.
    """
    made = list(reports)
    if any(report.is_predicted for report in made):
        made = _beside(made, bundle, study, asked)
    if (host := asked.host) is not None:
        made = _tried(made, "host_not_shown", "Findings of the host are not shown", lambda own: _hosted(
            own, study, host))  # fmt: skip
    return made


def _beside(
    made: list[PatientReport], bundle: Bundle, study: Study, asked: PanelRequest
) -> list[PatientReport]:
    """With ranking, curves and twin."""
    patient_id = made[0].subject.patient_id
    if (ranking := asked.ranking) is not None:
        made = _tried(made, "ranking_not_made", "Regimens are not shown side by side", lambda own: _ranked(
            own, bundle, study, patient_id, ranking))  # fmt: skip
    if (curves := asked.curves) is not None:
        made = _tried(made, "curves_not_made", "No survival curves are shown", lambda own: _curved(
            own, bundle, study, patient_id, curves))  # fmt: skip
    if (twin := asked.twin) is not None:
        made = _tried(made, "twin_not_made", "No forecast of tumour size is shown", lambda own: _twinned(
            own, bundle, study, patient_id, twin))  # fmt: skip
    return made


def _tried(
    reports: list[PatientReport],
    code: str,
    what: str,
    add: Callable[[list[PatientReport]], list[PatientReport]],
) -> list[PatientReport]:
    try:
        return add(reports)
    except TumorcastError as error:
        fix = f"; {error.fix}" if error.fix else ""
        told = Flag("note", code, f"{what}: {error.what}{fix}.")
        is_told = [one.is_predicted or code == "host_not_shown" for one in reports]
        return [
            replace(one, flags=(*one.flags, told)) if told_too else one
            for one, told_too in zip(reports, is_told, strict=True)
        ]


def _ranked(
    reports: list[PatientReport], bundle: Bundle, study: Study, patient_id: str, request: RankingRequest
) -> list[PatientReport]:
    ranking = make_ranking(bundle, study, patient_id, request)
    return [
        replace(one, ranking=ranking, limits=tuple(map(_said_beside, one.limits)))
        if _is_of(one, ranking.subject.course_id)
        else one
        for one in reports
    ]


def _curved(
    reports: list[PatientReport], bundle: Bundle, study: Study, patient_id: str, request: CurvesRequest
) -> list[PatientReport]:
    """The recorded regimen's curve, and those of the first candidates that a ranking compared."""
    rankings = [report.ranking for report in reports if report.ranking is not None]
    candidates = [one for ranking in rankings for one in ranking.candidates if one.group is not None]
    cancer = request.cancer or next((ranking.subject.cancer for ranking in rankings), None)
    regimens = (*request.regimens, *map(_agents, candidates[:_MOST_CURVES]))
    curves = make_curves(bundle, study, patient_id, replace(request, regimens=regimens, cancer=cancer))
    return [replace(one, curves=curves) if _is_of(one, curves.course_id) else one for one in reports]


def _twinned(
    reports: list[PatientReport], bundle: Bundle, study: Study, patient_id: str, asked: TwinAsked
) -> list[PatientReport]:
    """With the report of the patient's last course: the scans are of the treatment that goes on."""
    if asked.population is None:
        raise InputError(
            "no population was chosen", fix="set one that is of the patients' cancer and treatment"
        )
    last = max(k for k, report in enumerate(reports) if report.is_predicted)
    series = series_named(asked.sizes, patient_id)
    subject, prior = reports[last].subject, None
    arm = series.arm or subject.regimen
    if asked.predict is not None and "size" in bundle.manifest.heads:
        prior = size_prior(
            bundle, study, patient_id, asked.predict, asked.predictor, asked.shared, subject.course_id, arm
        )
    twin = twin_record(
        replace(series, arm=arm), asked.population, prior=prior,
        cancer=declared_cancer(study, patient_id), is_declared=asked.is_declared,
    )  # fmt: skip
    return [replace(one, twin=twin) if k == last else one for k, one in enumerate(reports)]


def _hosted(reports: list[PatientReport], study: Study, asked: Host) -> list[PatientReport]:
    """Each with what is said for its own regimens; the first page tells what must not be overlooked."""
    made = []
    for report in reports:
        host = asked.told(study, report)
        traced = replace(report.provenance, digests=(*report.provenance.digests, *asked.digests))
        flags = (*report.flags, *host_flags(host))
        made.append(replace(report, host=host, flags=flags, provenance=traced))
    return made


def _is_of(report: PatientReport, course_id: str) -> bool:
    return report.is_predicted and report.subject.course_id == course_id


def _agents(candidate: Candidate) -> tuple[Agent, ...]:
    return tuple(Agent(drug.name, drug.cls, drug.targets) for drug in candidate.drugs)


def _said_beside(limit: str) -> str:
    return SIDE_BY_SIDE if limit == NO_RANKING else limit
