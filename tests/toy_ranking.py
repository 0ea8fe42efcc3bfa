"""Made-up records of rankings: two standards that tie, one regimen without a number, a combination; a refused one."""

from __future__ import annotations

from dataclasses import replace

from tumorcast.clinic.ranking.candidate import Candidate, Estimate, OverlapFact, Reference
from tumorcast.clinic.ranking.contrast import Contrast
from tumorcast.clinic.ranking.record import SCHEMA_VERSION, Interaction, Model, Prognosis, Ranking, Subject
from tumorcast.clinic.ranking.stated import CautionFact, Drug
from tumorcast.clinic.ranking.words import LIMITS, NO_SYNERGY, STATEMENT, TIERS, interaction_text

_DRUGS = {
    "nivolumab": Drug("nivolumab", "anti-PD-1", ("PDCD1",)),
    "ipilimumab": Drug("ipilimumab", "anti-CTLA-4", ("CTLA4",)),
    "dacarbazine": Drug("dacarbazine", "alkylating agent", ()),
}


def candidate(key: str, response: Estimate | None, **changes: object) -> Candidate:
    """Of these drugs; without a response it abstains."""
    made = Candidate(
        key=key, name=key, kind="immunotherapy", drugs=tuple(_DRUGS[name] for name in key.split(" + ")),
        is_standard=True, is_cell_therapy=False, entries=(), has_number=response is not None,
        reason="" if response else "no training patient received it, nor one of its class", response=response,
        risk=None, time=None, tier="seen_here" if response else "not_seen",
        tier_text=TIERS["seen_here"], n_here=120 if response else 0, n_effective=120.0, n_elsewhere=0,
        overlap=OverlapFact("counts", "120 training patients received it"), group=1 if response else None,
        reference=None, cautions=(), availability=(), cost=(), flags="",
    )  # fmt: skip
    return replace(made, **changes)


def toy_ranking() -> Ranking:
    """Of the patient of `toy_record`."""
    present = CautionFact("ipilimumab", "caution", "autoimmune disease", "present", "label", "2025-01")
    action = Reference(0.41, 0.36, 0.47, ("nivolumab", "ipilimumab"), NO_SYNERGY)
    return Ranking(
        schema=SCHEMA_VERSION,
        subject=Subject("P-0042", "P-0042-L1", "MEL", "Melanoma", "given", 1, "", "nivolumab"),
        model=Model("toy-12345678", "simulated", 168, 150),
        status="compared",
        reason="",
        watermark="SIMULATED MODEL - NOT A PREDICTION",
        statement=STATEMENT,
        prognosis=Prognosis(0.4, 0.33, 0.46, "Under every regimen compared: 33% to 46%, mean 40%."),
        interaction=Interaction(0.0, True, interaction_text(0.0, True)),
        candidates=(
            candidate("nivolumab", Estimate(0.43, 0.31, 0.56, "held-out patients")),
            candidate("dacarbazine", None),
            candidate(
                "ipilimumab + nivolumab",
                Estimate(0.46, None, None, "no interval"),
                is_standard=False,
                cautions=(present,),
                reference=action,
            ),
        ),
        contrasts=(Contrast("ipilimumab + nivolumab", "nivolumab", 0.03, -0.11, 0.17, True),),
        tie_groups=(("ipilimumab + nivolumab", "nivolumab"),),
        level=0.95,
        facts=(),
        left_out=(),
        limits=LIMITS,
    )


def toy_refused_ranking() -> Ranking:
    """Nothing was given to enough patients; no number anywhere."""
    ranking = toy_ranking()
    return replace(
        ranking,
        status="refused",
        reason="no candidate has a number; each says why",
        prognosis=None,
        candidates=(candidate("dacarbazine", None),),
        contrasts=(),
        tie_groups=(),
    )
