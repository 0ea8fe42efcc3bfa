"""For whom a model was never tested, from the counts of its training patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tumorcast.serve.manifest import Manifest
from tumorcast.serve.population import UNKNOWN, Range

FEWEST_OF_GROUP = 30
"""Patients of a group below which nothing is said of it."""
_MOST_NAMED = 8
_KINDS = (
    ("cancer_types", "Cancer types"), ("regimens", "Regimens"), ("lines", "Lines of therapy"),
    ("procedures", "Ways of taking tissue"), ("preservations", "Preservations of tissue"), ("stains", "Stains"),
    ("scanners", "Scanners"), ("sites", "Hospitals"),
)  # fmt: skip
_GROUPS = (("sexes", "sex"), ("races", "race"), ("ancestries", "genetic ancestry"))
_RANGES = (
    ("ages", "Ages", "years"), ("slide_mpp", "Scans", "µm/px"), ("sequenced_mb", "Sequencing that covers", "Mb"),
)  # fmt: skip


def never_tested(manifest: Manifest) -> tuple[str, ...]:
    """A sentence each."""
    population = manifest.population
    found = [_others(title, getattr(population, name)) for name, title in _KINDS]
    found += [_outside(title, getattr(population, name), unit) for name, title, unit in _RANGES]
    for name, title in _GROUPS:
        found += _groups(title, getattr(population, name))
    return tuple(found)


def _others(title: str, counts: Mapping[str, int]) -> str:
    known = {name: count for name, count in counts.items() if name != UNKNOWN}
    if not known:
        return f"{title}: not recorded for the training patients, so none was assessed."
    named = [f"{name} ({count})" for name, count in list(known.items())[:_MOST_NAMED]]
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return f"{title} other than {', '.join(named)}{more}."


def _outside(title: str, values: Range | None, unit: str) -> str:
    if values is None:
        return f"{title}: not recorded for the training patients, so none was assessed."
    if values.low == values.high:
        return f"{title} other than {values.low:.3g} {unit}."
    return f"{title} below {values.low:.3g} or above {values.high:.3g} {unit}."


def _groups(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    known = {name: count for name, count in counts.items() if name != UNKNOWN}
    if not known:
        yield f"Groups by {title}: not assessed, {title} was not recorded."
    few = [f"{name} ({count})" for name, count in known.items() if count < FEWEST_OF_GROUP]
    if few:
        yield f"Groups by {title}: {', '.join(few)} not assessed, fewer than {FEWEST_OF_GROUP} patients."
