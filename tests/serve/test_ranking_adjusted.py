"""Adjusted contrasts of families in a ranking: ties where they do not lie above 0; without them it is said so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from causal_cohort import simulated
from toy_lab import ToyLab
from toy_ranking import candidate, toy_ranking
from tumorcast.biology.regimens.advice import UNWANTED
from tumorcast.clinic.ranking.candidate import Estimate
from tumorcast.clinic.ranking.contrast import Contrast
from tumorcast.clinic.ranking.html import html_of
from tumorcast.clinic.ranking.order import Compared, contrasts_of, tie_groups
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import read_ranking
from tumorcast.clinic.ranking.stated import Drug
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.ranking.words import NOT_ADJUSTED, adjustments, group_lines
from tumorcast.clinic.ranking.write import write_ranking
from tumorcast.clinic.report.panel_ranking import ranking_panel
from tumorcast.evaluation.causal.effects import Effects, FamilyContrast, OutcomeEffects
from tumorcast.evaluation.causal.fit_effects import response_effects
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.population import TreatmentCount
from tumorcast.serve.ranking import RankingRequest, make_ranking
from tumorcast.serve.ranking_adjusted import effects_of, with_adjusted
from tumorcast.serve.request import Request

PD1, CTLA4 = "PD-1/PD-L1 inhibitor", "anti-CTLA-4"
FOUND = [
    candidate("nivolumab", Estimate(0.6, 0.58, 0.62, "held-out patients")),
    candidate("ipilimumab", Estimate(0.4, 0.38, 0.42, "held-out patients")),
]
CONTRASTS = contrasts_of([Compared("nivolumab", 0.6, 5000), Compared("ipilimumab", 0.4, 5000)])


def effects(
    low: float, high: float, cancer: str = "Melanoma", first: str = PD1, second: str = CTLA4
) -> Effects:
    bound = 1.0 if low <= 0 <= high else 1.4
    one = FamilyContrast(first, second, (low + high) / 2, low, high, 2.3, bound)
    return Effects((OutcomeEffects(cancer, "response", "probability", None, 800, 12, {}, (one,)),))


def shown(contrasts: tuple[Contrast, ...]) -> Ranking:
    """A ranking of the two with these contrasts."""
    groups = tie_groups([Compared("nivolumab", 0.6, 5000), Compared("ipilimumab", 0.4, 5000)], contrasts)
    return replace(toy_ranking(), candidates=tuple(FOUND), contrasts=contrasts, tie_groups=groups)


@pytest.mark.parametrize(
    ("known", "is_tie", "is_adjusted"),
    [
        (None, False, False),
        (effects(0.05, 0.3), False, True),
        (effects(-0.05, 0.3), True, True),
        (effects(-0.3, -0.05), True, True),
        (effects(-0.3, -0.05, first=CTLA4, second=PD1), False, True),
        (effects(-0.05, 0.3, cancer="Lung Adenocarcinoma"), False, False),
        (effects(-0.05, 0.3, cancer="unknown"), False, False),
        (effects(-0.05, 0.3, second="chemotherapy"), True, False),
    ],
)
def test_a_tie_where_the_adjusted_interval_does_not_lie_above_0(
    known: Effects | None, is_tie: bool, is_adjusted: bool
) -> None:
    (one,) = with_adjusted(CONTRASTS, FOUND, known, "MEL")
    assert not CONTRASTS[0].is_tie
    assert one.is_tie is is_tie
    assert (one.adjusted is not None) is is_adjusted
    assert (one.difference, one.low, one.high) == (
        CONTRASTS[0].difference,
        CONTRASTS[0].low,
        CONTRASTS[0].high,
    )
    ranking = shown((one,))
    assert len(ranking.tie_groups) == (1 if is_tie else 2)
    panel = " ".join(ranking_panel(ranking).lines)
    for text in (" ".join(table_text(ranking).split()), html_of(ranking), panel):
        assert (NOT_ADJUSTED in text) is not is_adjusted
        assert ("E-value of 2.3" in text) is is_adjusted
        assert text.count("Tie group ") >= len(ranking.tie_groups)
    assert not any(UNWANTED.search(text) for text in (*adjustments(ranking), *group_lines(ranking)))


def test_the_finer_cancer_type_counts_and_of_several_none() -> None:
    mine, wide = (
        effects(0.1, 0.2, name).outcomes[0] for name in ("Lung Adenocarcinoma", "Non-Small Cell Lung Cancer")
    )
    squamous = effects(0.1, 0.2, "Lung Squamous Cell Carcinoma").outcomes[0]
    assert effects_of(Effects((wide, mine)), "LUAD") == mine
    assert effects_of(Effects((wide,)), "LUAD") == wide
    assert effects_of(Effects((mine, squamous)), "NSCLC") is None
    months = replace(mine, outcome="PFS", unit="months", horizon=12.0)
    assert effects_of(Effects((months, mine)), "LUAD") == mine
    assert effects_of(Effects((months,)), "LUAD") == months


def test_confounded_patients_turn_the_plain_order_into_ties() -> None:
    """The plain figures put the pair of antibodies before the combination; adjusted, it is the other way round."""
    cohort = simulated(1000, 511)
    names = {"combination": f"{PD1} + chemotherapy", "dual_immunotherapy": f"{PD1} + {CTLA4}"}
    given = [names.get(name, name) for name in cohort.given]
    made = response_effects(
        cohort.table, given, cohort.patients, cohort.of_received(cohort.responses), "Melanoma"
    )
    assert made is not None
    pair = replace(FOUND[0], key="pair", drugs=(FOUND[0].drugs[0], FOUND[1].drugs[0]))
    both = replace(FOUND[1], key="both", drugs=(FOUND[0].drugs[0], Drug("dacarbazine", "alkylator", ())))
    plain = contrasts_of([Compared("pair", 0.6, 5000), Compared("both", 0.5, 5000)])
    assert not plain[0].is_tie
    (told,) = with_adjusted(plain, [pair, both], Effects((made,)), "MEL")
    assert told.is_tie
    assert told.adjusted is not None
    assert told.adjusted.high < 0


def test_rank_takes_it_from_the_bundle(lab: ToyLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy network knows one family, so what is told of two of them is put in its place."""
    opened = load_bundle(lab.bundle)
    counts = tuple(
        TreatmentCount(cancer="Melanoma", agents=(name,), n=90) for name in ("nivolumab", "pembrolizumab")
    )
    population = opened.manifest.population.model_copy(update={"treatments": counts})
    bundle = replace(opened, manifest=opened.manifest.model_copy(update={"population": population}))
    known = effects(0.05, 0.3)
    (told,) = with_adjusted(CONTRASTS, FOUND, known, "MEL")

    def asked(
        contrasts: tuple[Contrast, ...], _: object, own: Effects | None, cancer: str, outcome: str
    ) -> tuple[Contrast, ...]:
        is_known = own == known and cancer == "MEL"
        return tuple(replace(one, adjusted=told.adjusted if is_known else None) for one in contrasts)

    def made(of: Bundle) -> Ranking:
        request = RankingRequest(Request(tmp_path, features=lab.features), cancer="MEL")
        return make_ranking(of, read_study(lab.study), "P4", request)

    plain = made(bundle)
    assert plain.status == "compared"
    assert all(one.adjusted is None for one in plain.contrasts)
    assert NOT_ADJUSTED in table_text(plain)
    monkeypatch.setattr("tumorcast.serve.ranking_order.with_adjusted", asked)
    ranking = made(replace(bundle, effects=known))
    assert [one.adjusted for one in ranking.contrasts] == [told.adjusted]
    write_ranking(ranking, tmp_path / "out")
    assert read_ranking(tmp_path / "out" / "ranking.json") == ranking
