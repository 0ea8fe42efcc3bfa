"""A training population in words: for the model card, `bundle inspect` and comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tumorcast.serve.population import Population, Range

_COUNTS = (
    ("Cancer types", "cancer_types"), ("Sex", "sexes"), ("Race", "races"), ("Genetic ancestry", "ancestries"),
    ("Sites", "sites"), ("Regimens", "regimens"), ("Agents", "agents"), ("Lines of therapy given", "lines"),
    ("Tissue", "procedures"), ("Preservation", "preservations"), ("Stain", "stains"), ("Scanners", "scanners"),
)  # fmt: skip
_RANGES = (
    ("Age", "ages", "years"),
    ("Slides", "slide_mpp", "um/px"),
    ("Sequenced", "sequenced_mb", "Mb"),
    ("Tumour purity", "purity", "of 1"),
    ("Tissue of a course", "tiles", "tiles"),
)
_MOST = 12


def population_lines(population: Population) -> Iterator[str]:
    """A line of Markdown for each thing that can be known; what the study did not record is told."""
    for title, name in _COUNTS:
        yield f"- {title}: {counts_text(getattr(population, name))}."
    for title, name, unit in _RANGES:
        yield f"- {title}: {range_text(getattr(population, name), unit)}."
    if population.n_with_response:
        yield f"- Responders: {population.responders} of {population.n_with_response} with a known response."


def counts_text(counts: Mapping[str, int], most: int = _MOST) -> str:
    """`melanoma 30, unknown 2`; at most `most` names."""
    if not counts:
        return "not recorded"
    shown = ", ".join(f"{name} {count}" for name, count in list(counts.items())[:most])
    return shown + (f" and {len(counts) - most} more" if len(counts) > most else "")


def range_text(values: Range | None, unit: str) -> str:
    """`24 to 89 years, median 63 (160 known)`."""
    if values is None:
        return "not recorded"
    return f"{values.low:.3g} to {values.high:.3g} {unit}, median {values.median:.3g} ({values.n} known)"
