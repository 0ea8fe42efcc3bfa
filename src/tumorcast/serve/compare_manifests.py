"""What two bundles say of themselves differently: data, encoder, genes, treatments, population."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tumorcast.serve.bundle import Bundle
from tumorcast.serve.inspect import encoder_text
from tumorcast.serve.population_text import counts_text, range_text

_MOST_NAMED = 12


@dataclass(frozen=True)
class Difference:
    """One thing, as each of the two says it."""

    what: str
    old: str
    new: str


def manifest_differences(old: Bundle, new: Bundle) -> Iterator[Difference]:
    """Only what differs; nothing for two copies of one bundle."""
    before, after = dict(_told(old)), dict(_told(new))
    for what in before:
        if before[what] != after[what]:
            yield Difference(what, before[what], after[what])
    for what, names in (("genes", _genes), ("expression genes", _expression), ("agents", _agents)):
        yield from _sets(what, names(old), names(new))


def _told(bundle: Bundle) -> Iterator[tuple[str, str]]:
    manifest, people = bundle.manifest, bundle.manifest.population
    told = manifest.recalibrated
    yield "seal", manifest.seal[:16]
    yield "made", manifest.created
    yield "tumorcast", manifest.tumorcast
    yield "training data", manifest.training_data
    yield "training study", manifest.study_id
    yield "training patients", f"{manifest.n_patients} ({manifest.n_courses} courses)"
    yield "reads", ", ".join(manifest.modalities)
    yield "gives", ", ".join(manifest.heads)
    yield "tile encoder", encoder_text(manifest.tile_encoder)
    yield "thresholds", ", ".join(f"{head} {cut:.3g}" for head, cut in manifest.thresholds.items())
    yield "calibration", "none" if bundle.trust is None else bundle.trust.calibration.method
    yield "recalibrated", f"at {told['study_id']} on {told['patients']} patients" if told else "no"
    yield "signed", ", ".join(signature.by for signature in bundle.signatures) or "unsigned"
    yield "cancer types", counts_text(people.cancer_types)
    yield "sex", counts_text(people.sexes)
    yield "age", range_text(people.ages, "years")
    yield "race", counts_text(people.races)
    yield "sites", counts_text(people.sites)
    yield "treatments", counts_text(people.regimens)
    yield "um/px of the slides", range_text(people.slide_mpp, "um/px")


def _sets(what: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Difference]:
    before, after = set(old), set(new)
    if before != after:
        gone, come = sorted(before - after), sorted(after - before)
        yield Difference(
            what, f"{len(before)}; only here: {_named(gone)}", f"{len(after)}; only here: {_named(come)}"
        )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (", ".join(names[:_MOST_NAMED]) or "none") + more


def _genes(bundle: Bundle) -> tuple[str, ...]:
    return () if bundle.prepared.graph is None else bundle.prepared.graph.genes


def _expression(bundle: Bundle) -> tuple[str, ...]:
    scaler = bundle.prepared.layers.get("expression")
    return tuple(getattr(scaler, "features", ()))


def _agents(bundle: Bundle) -> tuple[str, ...]:
    return bundle.prepared.treatment.agents
