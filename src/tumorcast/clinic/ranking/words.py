"""Words of a ranking: what its numbers are, what they are not. None of them advises."""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.clinic.host.words import guidance_line, says
from tumorcast.clinic.ranking.candidate import Candidate, Estimate, Months, Reference, Tier
from tumorcast.clinic.ranking.contrast import Adjusted, Contrast
from tumorcast.clinic.ranking.record import Outcome, Ranking
from tumorcast.clinic.ranking.stated import Cited

STATEMENT = (
    "Each number is the outcome among patients who received that regimen, for a patient like this one. It does not say "
    "what a regimen causes, and it is not advice. Guideline standards stand first; ties have no order."
)
_CHECKED = "set apart only where differences adjusted for what was measured before treatment say so too"
NOT_ADJUSTED = "not adjusted for why patients got what they got"
NOT_VERIFIED = "not verified"
NO_SYNERGY = "no synergy assumed"
LIMITS = (
    "Patients were not assigned at random as far as the bundle says: those who received a regimen may differ from "
    "those who did not in ways that nobody measured. Differences between regimens are seen, not caused.",
    "Dose text is what the source named beside it gave, with its date; no dose comes from the model. Whether citation "
    "and doses were compared with a record of that source stands beside them; where they were not, they may be wrong.",
    "Contraindications and cautions are those in the package's tables; a fact that was not given is 'not known', not "
    "'absent'. The label in force counts.",
    "A regimen that no guideline is named for is not known here to be a standard; editions change.",
    "Unknown availability and cost are unknown.",
)
SIMULATED = (
    "The model was trained on simulated data: no patient is behind any number here, and it says nothing about a "
    "real tumour."
)
NOT_COMPARED = "No contrast is supported, so it is not told how the tumour changes one."
RESEARCH_USE = "Research use only, preliminary."
TIERS: dict[Tier, str] = {
    "seen_here": "seen in training for this cancer",
    "seen_elsewhere": "seen in training for another cancer",
    "extrapolated": "extrapolated from class and targets",
    "not_seen": "not seen",
}


_STATES = ("present", "not known", "", "absent")
OPEN = {"contraindication": _STATES[:3], "caution": _STATES[:1]}
"""Which states of a kind stand beside a name: of contraindications all but "absent"."""


def percent(value: float) -> str:
    """`43%`."""
    return f"{value:.0%}"


def estimate_text(found: Estimate | None) -> str:
    """`43% (31% to 56%)`, `43% (no interval)`, `no number`."""
    if found is None:
        return "no number"
    if found.low is None or found.high is None:
        return f"{percent(found.value)} (no interval)"
    return f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)})"


def outcome_text(outcome: Outcome) -> str:
    """`response`, or `PFS at month 12`."""
    return outcome.name if outcome.month is None else f"{outcome.name} at month {outcome.month:g}"


def outcome_title(outcome: Outcome) -> str:
    """The same at the start of a line."""
    told = outcome_text(outcome)
    return told[:1].upper() + told[1:]


def months_text(found: Months) -> str:
    """`5.1 months (3.9 to 7.2)`; what lies past the data is said so."""
    if found.median is None:
        return "past what the data reach"
    low, high = ("?" if one is None else f"{one:.1f}" for one in (found.low, found.high))
    return f"{found.median:.1f} months ({low} to {'past the data' if high == '?' else high})"


def sections(ranking: Ranking) -> Iterator[tuple[str, list[Candidate]]]:
    """Guideline standards, then the others; a section without candidates is left out."""
    for title, is_standard in (("Guideline standards", True), ("Other regimens", False)):
        own = [one for one in ranking.candidates if one.is_standard is is_standard]
        if own:
            yield title, own


def evidence_text(candidate: Candidate) -> str:
    """`seen in training for this cancer, n 120`."""
    return TIERS[candidate.tier] + (f", n {candidate.n_here}" if candidate.n_here else "")


def reference_text(reference: Reference) -> str:
    """`41% (36% to 47%), no synergy assumed`."""
    span = f"{percent(reference.value)} ({percent(reference.low)} to {percent(reference.high)})"
    return f"{span}, {reference.words}"


def toxicity_text(candidate: Candidate) -> str:
    """What labels name of its drugs whatever is known of the patient."""
    return "; ".join(caution_lines(candidate, "toxicity"))


def access_text(candidate: Candidate) -> str:
    """Availability and cost with their sources; `unknown` where nobody stated them."""
    told = {"availability": candidate.availability, "cost": candidate.cost}
    return "; ".join(
        f"{name}: " + ("; ".join(f"{one.text} ({one.source}, {one.date})" for one in said) or "unknown")
        for name, said in told.items()
    )


def group_text(candidate: Candidate) -> str:
    """`2`, or `-` where no contrast is supported."""
    return "-" if candidate.group is None else str(candidate.group)


def contrast_text(contrast: Contrast) -> str:
    """`+12 points (-3 to +27): tie`."""
    told = f"{_points(contrast.difference)} points ({_points(contrast.low)} to {_points(contrast.high)})"
    return told + (": tie" if contrast.is_tie else "")


def adjustment_text(adjusted: Adjusted | None) -> str:
    """`adjusted for what was measured before treatment (...): ... [..]; an unmeasured cause would have to be ...`"""
    if adjusted is None:
        return NOT_ADJUSTED
    one = adjusted
    if one.horizon is None:
        span = (
            f"{_points(one.difference)} points [{_points(one.low)} to {_points(one.high)}] of {one.outcome}"
        )
    else:
        span = (
            f"{one.difference:+.1f} months [{one.low:+.1f} to {one.high:+.1f}] without {one.outcome} up to month "
            f"{one.horizon:g}"
        )
    told = (
        f"adjusted for what was measured before treatment ({one.n_measured} numbers, {one.n} training patients): "
        f"{one.first} less {one.second} {span}"
    )
    if one.e_value is None or one.e_bound is None:
        return f"{told}; how strong an unmeasured cause would have to be could not be told"
    bound = (
        "its interval holds 0"
        if one.low <= 0 <= one.high
        else f"{one.e_bound:.1f} to bring the interval to 0"
    )
    return (
        f"{told}; an unmeasured cause would have to be as strong as an E-value of {one.e_value:.1f} to explain it "
        f"away, {bound}"
    )


def adjustments(ranking: Ranking) -> list[str]:
    """What is adjusted, each pair of families once, whichever way round; and why pairs tie that could not be."""
    found: dict[frozenset[str], str] = {}
    for one in ranking.contrasts:
        if one.adjusted is not None:
            families = frozenset((one.adjusted.first, one.adjusted.second))
            found.setdefault(families, adjustment_text(one.adjusted))
        elif one.unsupported:
            found.setdefault(frozenset((one.unsupported,)), one.unsupported)
    return [text[:1].upper() + text[1:] + "." for text in found.values()]


def group_lines(ranking: Ranking) -> Iterator[str]:
    """`Tie group 1 (nivolumab; dacarbazine): not adjusted ...`: adjusted only where all that sets it apart is."""
    names = {one.key: one.name for one in ranking.candidates}
    for number, group in enumerate(ranking.tie_groups, start=1):
        own = [one for one in ranking.contrasts if {one.first, one.second} & {*group}]
        across = [one for one in own if not {one.first, one.second} <= {*group}]
        lacking = sum(one.adjusted is None for one in across or own)
        told = _CHECKED if own and not lacking else NOT_ADJUSTED
        if lacking and lacking < len(across or own):
            told += f" in {lacking} of its {len(across or own)} contrasts"
        yield f"Tie group {number} ({'; '.join(names[key] for key in group)}): {told}."


def interaction_text(points: float | None, is_additive: bool | None, left_open: float = 0.0) -> str:
    """Whether the order may differ between patients.

    Args:
        points: most that a difference between regimens moves when one layer is hidden, as a share.
        left_open: half width of the narrowest contrast, likewise.
    """
    if points is None or is_additive is None:
        return (
            "Whether the patient's tumour changes the differences between regimens could not be told: too few "
            "answers or layers."
        )
    if is_additive:
        return (
            "The model adds treatment and patient up: differences between regimens are the same for every patient, and "
            "so is their order. Nothing in this patient's tumour speaks for one of them."
        )
    told = f"by up to {100 * points:.1f} points when one layer is hidden"
    if points < left_open:
        return (
            f"The model lets the tumour change the differences between regimens ({told}), by less than their intervals "
            "leave open."
        )
    return f"The model lets the tumour change the differences between regimens ({told})."


def caution_lines(candidate: Candidate, kind: str, states: tuple[str, ...] = _STATES) -> list[str]:
    """`docetaxel: neutrophils below 1.5 x 10^9/L [not known]`, those that are present first."""
    own = sorted(
        (one for one in candidate.cautions if one.kind == kind and one.state in states),
        key=lambda one: _STATES.index(one.state),
    )
    return [f"{one.drug}: {one.flag}" + (f" [{one.state}]" if one.state else "") for one in own]


def described(candidate: Candidate) -> list[tuple[str, str]]:
    """Setting and biomarker of each of its rows of the formulary, each pair once."""
    pairs = ((one.setting, one.biomarker or "no biomarker named") for one in candidate.entries)
    return list(dict.fromkeys(pairs))


def described_text(candidate: Candidate) -> str:
    """`metastatic, PD-L1 at least 50%; adjuvant, no biomarker named`, or `in no formulary`."""
    return "; ".join(", ".join(pair) for pair in described(candidate)) or "in no formulary"


def host_lines(ranking: Ranking, candidate: Candidate) -> list[str]:
    """What guidance on the patient's pharmacogenes says of its drugs, quoted, in the words of a report's panel; what is
    told of usual doses last."""
    host = ranking.host
    if host is None:
        return []
    return [guidance_line(host, one) for one in host.about(drug.name for drug in candidate.drugs)]


def host_short(ranking: Ranking, candidate: Candidate) -> list[str]:
    """`fluorouracil [lower dose]`, of drugs whose guidance does not say "no change"; quoted in a panel of its own."""
    found = () if ranking.host is None else ranking.host.about(drug.name for drug in candidate.drugs)
    return list(dict.fromkeys(f"{one.drug} [{says(one)}]" for one in found if one.state != "absent"))


def verification_text(source: Cited) -> str:
    """`citation compared with the PubMed record, 2026-11-28`, or that nobody compared it."""
    return f"citation {source.verification or NOT_VERIFIED}"


def unverified(candidate: Candidate) -> list[str]:
    """Names of the sources whose citation nobody compared, each once."""
    cited = [source for entry in candidate.entries for source in (entry.source, entry.standard) if source]
    return list(dict.fromkeys(one.name for one in cited if not one.verification.startswith("compared")))


def _points(value: float) -> str:
    return f"{100 * value:+.0f}"
