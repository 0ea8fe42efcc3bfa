"""The record as FHIR R4: a `Bundle` of a `DiagnosticReport` and its `Observation`s (https://hl7.org/fhir/R4).

Codes are those of this program (`urn:tumorcast`), as no public terminology has them, but for the host's
(`fhir_host`). A refusal gives a `dataAbsentReason` and no value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

from tumorcast.clinic.report import words
from tumorcast.clinic.report.fhir_host import host_observations
from tumorcast.clinic.report.fhir_parts import SYSTEM, Json, absent, number, own_concept, part
from tumorcast.clinic.report.notices import PROGNOSIS, RESEARCH_USE
from tumorcast.clinic.report.record import PatientReport, Response

_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_STATUS = {
    "preliminary": "preliminary",
    "final": "final",
    "amended": "amended",
    "withdrawn": "entered-in-error",
}


def fhir_of(report: PatientReport) -> Json:
    """The bundle, type "collection"; a withdrawn report is "entered-in-error", as the standard has it."""
    made = [(each["code"]["coding"][0]["code"], each) for each in _observations(report)]
    if report.host is not None:
        told = host_observations(report.host, lambda name: _url(report, name))
        made += [(name, {**_shared(report, "Observation", said["code"]), **said}) for name, said in told]
    diagnostic = _diagnostic(report, [_url(report, name) for name, _ in made])
    entries = [{"fullUrl": _url(report, "report"), "resource": diagnostic}]
    entries += [{"fullUrl": _url(report, name), "resource": each} for name, each in made]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": report.provenance.created,
        "meta": _meta(report),
        "identifier": {"system": f"{SYSTEM}:report", "value": _url(report, "bundle")},
        "entry": entries,
    }


def fhir_text(report: PatientReport) -> str:
    """The bundle as text."""
    return json.dumps(fhir_of(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _url(report: PatientReport, part: str) -> str:
    """The same for the same report, part by part."""
    own = report.provenance
    name = (
        f"{own.bundle_seal}/{report.subject.study_id}/{report.subject.patient_id}/{report.subject.course_id}"
    )
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{SYSTEM}:{name}/{own.created}/{part}')}"


def _meta(report: PatientReport) -> Json:
    """Simulated data and demonstrations are labelled as test data, so that no system takes them for a patient's."""
    tags = [{"system": f"{SYSTEM}:use", "code": "research-use-only", "display": RESEARCH_USE}]
    if not report.watermark:
        return {"tag": tags}
    tags.append({"system": f"{SYSTEM}:watermark", "code": "watermark", "display": report.watermark})
    return {"tag": tags, "security": [{"system": _REASON, "code": "HTEST", "display": "test health data"}]}


def _shared(report: PatientReport, kind: str, code: Json) -> Json:
    subject = report.subject
    patient = {"system": f"{SYSTEM}:study:{subject.study_id}:patient", "value": subject.patient_id}
    return {
        "resourceType": kind,
        "meta": _meta(report),
        "status": _STATUS[report.sign_off.status],
        "code": code,
        "subject": {"type": "Patient", "identifier": patient, "display": subject.patient_id},
        "effectiveDateTime": report.provenance.created,
        "issued": report.provenance.created,
    }


def _diagnostic(report: PatientReport, results: list[str]) -> Json:
    told = [words.question(report) + "."]
    if not report.is_predicted:
        told.append(f"No prediction: {report.reason}")
    told += [PROGNOSIS, RESEARCH_USE, *([report.watermark] if report.watermark else [])]
    made = _shared(report, "DiagnosticReport", own_concept("report", words.TITLE))
    made["result"] = [{"reference": url} for url in results]
    made["conclusion"] = "\n".join(told)
    made["presentedForm"] = [{"contentType": "application/pdf", "url": "report.pdf", "title": words.TITLE}]
    if report.sign_off.by:
        made["resultsInterpreter"] = [{"display": report.sign_off.by}]
    return made


def _observations(report: PatientReport) -> Iterator[Json]:
    """Probability (or its absence), risk, and what each layer adds."""
    notes = [{"text": f"{flag.level}: {flag.sentence}"} for flag in report.flags]
    if report.response is not None or report.survival is None:
        made = _shared(report, "Observation", own_concept("probability-of-response", words.question(report)))
        made |= _absent(report) if report.response is None else _probability(report.response)
        told = (
            [] if report.response is None else [report.response.interval_method, report.response.calibration]
        )
        made["note"] = [*({"text": text} for text in told if text), *notes, {"text": RESEARCH_USE}]
        yield made
    if report.survival is not None:
        made = _shared(
            report,
            "Observation",
            own_concept("log-risk", "Log-risk of progression or death, higher is worse"),
        )
        yield {
            **made,
            "valueQuantity": number(report.survival.risk),
            "note": [*notes, {"text": RESEARCH_USE}],
        }
    if report.contributions:
        made = _shared(
            report,
            "Observation",
            own_concept("contributions", "What each layer adds to the model's logit"),
        )
        parts = [
            part(one.modality, words.modality_name(one.modality), one.value) for one in report.contributions
        ]
        yield {**made, "component": parts, "note": [{"text": "No statement of cause."}]}


def _probability(response: Response) -> Json:
    bounds = (("interval-low", "Lower bound", response.low), ("interval-high", "Upper bound", response.high))
    parts = [part(code, f"{text} at {response.level:.0%}", value) for code, text, value in bounds]
    told = {
        "code": own_concept("set-of-answers", "Set of answers"),
        "valueString": words.answers_text(response),
    }
    return {"valueQuantity": number(response.probability), "component": [*parts, told]}


def _absent(report: PatientReport) -> Json:
    return absent("not-performed" if report.status == "not_predicted" else "unsupported", report.reason)
