"""The record in words: sentences that page, PDF, FHIR and the lab's web page share."""

from __future__ import annotations

from datetime import UTC, datetime

from tumorcast.clinic.report.record import (
    MissingLayer,
    PatientReport,
    Programme,
    Response,
    SignOff,
    SlidePicture,
    Survival,
    Tile,
)

TITLE = "Predicted response to treatment"
_ANSWERS = {
    "R": "Response",
    "NR": "No response",
    "both": "Response or no response: the model cannot tell",
    "empty": "Neither answer: unlike the patients that the sets were learned from",
    "unknown": "None given: unlike the training patients",
    "": "None given",
}
_MODALITIES = {
    "baseline": "Regimen and baseline",
    "slide": "Slide",
    "mutations": "Mutations",
    "expression": "Gene expression",
    "clinical": "Clinical data",
    "copy_number": "Copy number",
    "laboratory": "Laboratory values",
    "pharmacogenes": "Pharmacogenes",
    "polygenic_scores": "Polygenic scores",
    "clocks": "Epigenetic clocks",
    "exposures": "Exposures",
}
_ABBREVIATIONS = (
    "nk", "mhc", "i", "ii", "m1", "m2", "tgf", "nf", "kb", "pi3k", "mtor", "myc", "jak", "stat3", "her2", "e2f",
    "yap", "mapk", "wnt", "nrf2", "pd1",
)  # fmt: skip
_STATUS = {"preliminary": "Preliminary", "final": "Final", "amended": "Amended", "withdrawn": "Withdrawn"}


def modality_name(name: str) -> str:
    """A modality as people call it."""
    return _MODALITIES.get(name, name.replace("_", " ").capitalize())


def percent(value: float) -> str:
    """Whole percent; the ends are open, as no model is certain."""
    return "<1%" if value < 0.01 else ">99%" if value > 0.99 else f"{value:.0%}"


def signed(value: float | None) -> str:
    """ "+0.93", with a true minus sign."""
    return "" if value is None else minus(f"{value:+.2f}")


def minus(number: str) -> str:
    """A number's text with a true minus sign."""
    return number.replace("-", "\N{MINUS SIGN}")


def when(at: str) -> str:
    """ "2026-01-02 03:04 UTC" of ISO 8601; what is no time with a zone stays as it is."""
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if time.tzinfo else at


def question(report: PatientReport) -> str:
    """What the number is about."""
    regimen = report.subject.regimen
    return f"Outcome among patients who received {regimen}" if regimen else "Outcome; no regimen is recorded"


def interval_text(response: Response) -> str:
    """ "95% interval 54% to 76%"."""
    if response.low is None or response.high is None:
        return "no interval"
    return f"{response.level:.0%} interval {percent(response.low)} to {percent(response.high)}"


def interval_note(response: Response) -> str:
    """Whence the interval is, or why there is none; the share of responders in training."""
    told = response.interval_method if response.low is None else f"Interval: {response.interval_method}"
    return f"{told} {base_rate_text(response)}".strip()


def scale_text(response: Response) -> str:
    """The probability scale for who does not see it."""
    told = (
        f"probability {percent(response.probability)}, {interval_text(response)}. {base_rate_text(response)}"
    )
    return f"Scale from 0 to 100%: {told}".rstrip()


def answers_text(response: Response) -> str:
    """The set of answers in words."""
    return _ANSWERS.get(response.answers, response.answers)


def answers_promise(response: Response) -> str:
    """What the set promises."""
    if response.alpha is None:
        return "Sets of answers need more training patients."
    return (
        f"Of such sets {1 - response.alpha:.0%} hold the true answer, among patients like those of training."
    )


def base_rate_text(response: Response) -> str:
    """The share of responders in training."""
    return (
        ""
        if response.base_rate is None
        else f"{percent(response.base_rate)} of the training patients responded."
    )


def programme_name(one: Programme) -> str:
    """A programme or column as people call it."""
    words = one.name.replace("_", " ").split()
    if not one.name.islower():
        return label_like(" ".join(words))
    told = " ".join(word.upper() if word in _ABBREVIATIONS else word for word in words)
    return told[:1].upper() + told[1:]


def label_like(text: str) -> str:
    """A column's name in capitals as a label; abbreviations of up to four letters stay."""
    return text.capitalize() if text.isupper() and (len(text) > 4 or text in ("AGE", "SEX")) else text


def sign_off_text(sign_off: SignOff) -> str:
    """Who stands for the report."""
    if sign_off.status == "preliminary":
        return "Preliminary: not signed by a pathologist."
    what = f"{_STATUS[sign_off.status]}, {sign_off.by}, {when(sign_off.at)}".rstrip(", ")
    return f"{what}. {sign_off.comment}".strip()


def status_word(sign_off: SignOff) -> str:
    """One word for the header."""
    return _STATUS[sign_off.status]


def identity_rows(report: PatientReport) -> tuple[tuple[str, str], ...]:
    """Whom the report is of."""
    subject, provenance = report.subject, report.provenance
    return (
        ("Patient", subject.patient_id),
        ("Course", subject.course_id or "none"),
        ("Regimen", subject.regimen or "not recorded"),
        ("Line of therapy", subject.line or "not recorded"),
        ("Samples", ", ".join(subject.samples) or "none"),
        ("Study", subject.study_id),
        ("Model", provenance.model_id),
        ("Made", when(provenance.created)),
    )


def provenance_rows(report: PatientReport) -> tuple[tuple[str, str], ...]:
    """By what the report was made."""
    own = report.provenance
    return (
        ("Model", own.model_id),
        ("Bundle", f"format {own.bundle_format}, {own.signature}"),
        ("Seal of the bundle (sha256)", own.bundle_seal),
        (
            "Training",
            f"{own.training_data} data, study {own.training_study}, {own.n_training_patients} patients",
        ),
        ("Tile encoder", own.tile_encoder or "none"),
        ("tumorcast", own.tumorcast),
        ("Libraries", ", ".join(f"{name} {number}" for name, number in own.libraries)),
        ("Made", own.created),
    )


def pattern_text(report: PatientReport) -> str:
    """How well this combination of layers is known."""
    pattern = report.pattern
    if pattern is None:
        return ""
    note = pattern.note[:1].upper() + pattern.note[1:]
    return note if note.endswith(".") else f"{note}."


def missing_text(one: MissingLayer) -> str:
    """What measuring a layer could change, as a distribution."""
    name = modality_name(one.modality)
    if not one.quantiles:
        return f"{name}: {one.note}."
    low, quarter, middle, three, high = map(percent, one.quantiles)
    told = (
        f"{name}: half of the time {quarter} to {three}, nine times in ten {low} to {high}, median {middle}; "
        f"{one.note}."
    )
    if one.changes_answer is not None:
        told += f" In {percent(one.changes_answer)} of the draws the set of answers would be another."
    return told


def tile_rows(report: PatientReport) -> tuple[tuple[str, tuple[Tile, ...]], ...]:
    """Titles and tiles of the two rows."""
    rows = (("Tiles that were weighed most", True), ("Tiles that were weighed least", False))
    return tuple(
        (title, tuple(one for one in report.tiles if one.is_top is is_top)) for title, is_top in rows
    )


CONTRIBUTIONS_ALT = "Waterfall of what each layer adds; the same numbers stand in the table."
MISSING_ALT = (
    "Probabilities that could come if a missing layer were measured; the same numbers stand in the list."
)
NOTHING_FOUND = "Nothing was found. That the checks found nothing does not make it right."
MISSING_LEGEND = "Line: 5% to 95% of the draws. Box: middle half. Thick mark: median. Dashed: as it is now."


def no_number(report: PatientReport) -> str:
    """Why a report is without a number, in general."""
    if report.status == "refused":
        return "No number is given, because it would mislead."
    return "No number is given, because there is nothing that it could rest on."


def flags_title(report: PatientReport) -> str:
    """Of the list of findings."""
    if not report.is_predicted:
        return "Why, and what else was found"
    more = "" if report.host is None else ", and what else was found"
    return f"What speaks against the number{more}"


def survival_text(survival: Survival) -> str:
    """The log-risk in words."""
    place = ""
    if survival.percentile is not None:
        place = (
            f", higher than that of {min(max(round(survival.percentile), 1), 99)} of 100 training patients"
        )
    return f"Log-risk {signed(survival.risk)} (higher is worse){place}. A risk orders patients; it is no probability."


def slide_text(slide: SlidePicture) -> str:
    """A slide's caption."""
    told = [f"{slide.slide_id}, {slide.n_tiles} tiles."]
    told += [f"{text[:1].upper()}{text[1:]}." for text in (slide.legend, slide.note) if text]
    return " ".join(told)


def tile_text(tile: Tile) -> str:
    """A tile's caption: its weight, and where it lies."""
    return f"{tile.score:.2f}\N{MULTIPLICATION SIGN} at {tile.x}, {tile.y}"
