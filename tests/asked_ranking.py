"""What the tests of a ranking ask for: a formulary of their own, bundles as if others had trained them, all outputs."""

from __future__ import annotations

from dataclasses import replace

from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.html import html_of
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import text_of
from tumorcast.clinic.ranking.table import table_text
from tumorcast.evaluation.survival_curves import SurvivalRecord
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.population import TreatmentCount

OWN = """
sources:
  Trial: {cite: "Doe et al., J Trials 2025", date: 2025}
agents:
  newmab: {class: anti-PD-1, targets: [PDCD1]}
  othermab: {class: anti-PD-1, targets: [PDCD1]}
  newctla: {class: anti-CTLA-4, targets: [CTLA4]}
  strangemab: {class: never heard of, targets: [CLDN18]}
regimens:
- {name: New, drugs: {newmab: 1 mg/kg}, cancers: [MEL], setting: metastatic, source: Trial}
- {name: CTLA, drugs: [newctla], cancers: [MEL], setting: metastatic, source: Trial}
- {name: New and nivolumab, drugs: {nivolumab: "", newmab: ""}, cancers: [MEL], setting: metastatic, source: Trial}
- {name: CTLA and nivolumab, drugs: {nivolumab: "", newctla: ""}, cancers: [MEL], setting: metastatic, source: Trial,
   cost: {text: 9000 EUR a cycle, source: a price list, date: 2026-01}}
- {name: Other, drugs: {othermab: ""}, cancers: [MEL], setting: metastatic, source: Trial}
- {name: Strange, drugs: {strangemab: ""}, cancers: [MEL], setting: metastatic, source: Trial}
"""
NUMBERS = ("response", "risk", "time", "reference", "group")


def count(agents: str, n: int, cancer: str = "Melanoma") -> TreatmentCount:
    return TreatmentCount(cancer=cancer, agents=tuple(sorted(agents.split(" + "))), n=n)


def trained_on(bundle: Bundle, *counts: TreatmentCount) -> Bundle:
    """The bundle as if these patients had trained it."""
    population = bundle.manifest.population.model_copy(update={"treatments": counts})
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"population": population}))


def curves(n_events: int = 60) -> SurvivalRecord:
    """Of 90 patients, up to 24 months."""
    days = tuple(float(day) for day in range(0, 731, 10))
    steps = tuple(day * 0.004 for day in days)
    draws = ((1.0, steps), (1.0, tuple(1.2 * one for one in steps)))
    return SurvivalRecord("PFS", 90, n_events, -0.5, 1.0, 0.1, days, steps, draws, 730.0, ())


def of(ranking: Ranking, key: str) -> Candidate:
    return next(one for one in ranking.candidates if one.key == key)


def outputs(ranking: Ranking) -> list[str]:
    return [text_of(ranking), table_text(ranking), html_of(ranking)]
