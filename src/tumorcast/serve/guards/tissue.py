"""The tissue: how it was prepared, whether there is tumour in it, and enough of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.people import purity_of, told_of_sample
from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case
from tumorcast.serve.population import UNKNOWN
from tumorcast.slides.slide_encoders import is_of_slides

_PREPARATIONS = {
    "ffpe": re.compile(r"ffpe|paraffin|formalin"),
    "frozen": re.compile(r"frozen|cryo|\boct\b|\bff\b"),
    "cytology": re.compile(r"cytolog|smear|\bfna\b|liquid.based|effusion"),
}
_HE = re.compile(r"\bh\s*(&|and|\+)?\s*e\b|ha?ematoxylin.*eosin")
_NO_TUMOUR = re.compile(r"\bnormal\b|non.?tumou?r|\bbenign\b|\bhealthy\b")


def preparation_of(text: str) -> str:
    """ "ffpe", "frozen" or "cytology" from what a table says, "unknown" where it says none of them."""
    return next((name for name, words in _PREPARATIONS.items() if words.search(text.lower())), UNKNOWN)


def stain_findings(case: Case) -> Iterator[Finding]:
    """A slide that is declared to be stained with something else, whatever the detector thinks of it."""
    sample = case.sample_of("slide")
    if "slide" not in case.layers or sample is None:
        return
    told = next(iter(told_of_sample(case.given.study, sample, "stain")), UNKNOWN)
    if told.lower() != UNKNOWN and not _HE.search(told.lower()):
        what, fix = "not_he: the slide is declared to be of another stain", "give the H&E slide of this block"
        yield Finding("not_he", what, told, "H&E, which the model was trained on", fix, "slide")


def preparation_findings(case: Case) -> Iterator[Finding]:
    """A slide prepared as no training slide was; nothing tells by itself how one was, so where all training slides were
    of one preparation it must be declared."""
    sample = case.sample_of("slide")
    if "slide" not in case.layers or sample is None:
        return
    seen = {preparation_of(name) for name in case.bundle.manifest.population.preservations}
    told = [preparation_of(text) for text in told_of_sample(case.given.study, sample, "preservation")]
    own = next((name for name in told if name != UNKNOWN), UNKNOWN)
    known = ", ".join(sorted(seen - {UNKNOWN}))
    if own == UNKNOWN and len(seen) == 1 and UNKNOWN not in seen:
        fix = "write ffpe, frozen or cytology in the column PREPARATION of the sample table"
        what = "it is not declared how the slide was prepared"
        yield Finding("preparation_not_declared", what, expected=known, fix=fix, layer="slide")
    elif own not in (UNKNOWN, "ffpe") and not known:
        what = "the slide was prepared otherwise than from paraffin, and training slides are not known to be like it"
        yield Finding("preparation_not_seen", what, own, "a training population that has it", layer="slide")
    elif own != UNKNOWN and known and own not in seen:
        what = "the slide was prepared as no training slide was"
        yield Finding("preparation_not_seen", what, own, known, "give the slide that is so prepared", "slide")


def tumour_findings(case: Case) -> Iterator[Finding]:
    """A sample that is declared to hold no tumour."""
    study = case.given.study
    for sample in case.samples:
        told = next((t for t in told_of_sample(study, sample, "tissue") if _NO_TUMOUR.search(t.lower())), "")
        told = told or ("a purity of 0" if purity_of(study, sample) == 0 else "")
        if told:
            what = f"sample {sample} is declared to hold no tumour"
            yield Finding("no_tumour", what, told, "tumour tissue", "give the sample of the tumour")


def amount_findings(case: Case, course: CourseArrays) -> Iterator[Finding]:
    """Fewer tiles of tissue than any training course had; a model of slide embeddings sees no tiles."""
    least, encoder = case.bundle.manifest.population.tiles, case.bundle.manifest.tile_encoder
    if encoder is not None and is_of_slides(encoder.id):
        return
    if least is not None and 0 < len(course.tiles) < least.low:
        what = "the slide has less tissue than any training slide"
        got, expected = f"{len(course.tiles)} tiles", f"{least.low:g} or more"
        yield Finding("little_tissue", what, got, expected, "give a slide with more tumour tissue", "slide")
