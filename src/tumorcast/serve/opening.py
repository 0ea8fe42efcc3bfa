"""A study made ready to be predicted: its features, its cohort by the bundle's rules, what could not be used."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import TileBag, load_bags
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.encode import SlideFeatures, doubtful_slides, encode_study, unfit_slides
from tumorcast.serve.notes import Given
from tumorcast.serve.request import Request
from tumorcast.serve.verdicts import rules_for


@dataclass(frozen=True)
class Opened:
    """What `open_study` returns.

    Attributes:
        given: the whole cohort, and what could not be read of it.
        usable: the cohort without slides whose features do not fit the bundle.
    """

    given: Given
    usable: Cohort


def open_study(bundle: Bundle, study: Study, request: Request) -> Opened:
    """Encode where features are not given, then assemble; InputError where the study cannot be read."""
    found = _features(bundle, study, request)
    rules = rules_for(bundle.manifest, bundle.prepared, study, found.folder)
    cohort = assemble(study, rules)
    encoder = bundle.manifest.tile_encoder
    unfit = unfit_slides(cohort, encoder, request.any_stain, request.trust_features)
    noted = {note.id: note.reason for note in cohort.report if note.kind == "slide"}
    usable = replace(cohort, slides=cohort.slides[~cohort.slides["slide_id"].isin(list(unfit))])
    problems = {**noted, **found.problems, **unfit, **doubtful_slides(usable, encoder)}
    return Opened(Given(study, cohort, bundle.prepared, rules, problems), usable)


def bags_of(prepared: Preprocessor, part: Cohort, given: Given) -> tuple[dict[str, TileBag], Cohort]:
    """Tiles of some courses; what could not be read is noted in `given`."""
    if "slide" not in part.modalities or prepared.tiles is None:
        return {}, part
    before = len(part.report)
    bags, part = load_bags(part, width=prepared.tile_dim, stay_in_files=True)
    lost = [note for note in part.report[before:] if note.kind == "slide"]
    given.slide_problems.update({note.id: f"{note.reason}: {note.detail}" for note in lost})
    return bags, part


def _features(bundle: Bundle, study: Study, request: Request) -> SlideFeatures:
    """Given, or made with the bundle's encoder."""
    if request.features is not None or "slide" not in bundle.manifest.modalities:
        return SlideFeatures(request.features)
    return encode_study(
        bundle, study, request.cache, request.slide_mpp, request.any_stain, request.progress, request.on_tiles
    )
