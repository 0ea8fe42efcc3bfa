"""What became of a file's gene identifiers, as lines of the report."""

from __future__ import annotations

from collections.abc import Sequence

from tumorcast.biology.genes import Harmonised
from tumorcast.domain.exclusions import Exclusion

_SHOWN = 5
_MOST_NAMED = 50


def report_names(names: Sequence[str], harmonised: Harmonised, file: str, report: list[Exclusion]) -> None:
    """A line for the renamed, one for the unlisted but kept, one for each that is lost (one for all of many)."""
    if harmonised.renamed:
        shown = ", ".join(f"{a} -> {b}" for a, b in list(harmonised.renamed.items())[:_SHOWN])
        count = len(harmonised.renamed)
        report.append(Exclusion("gene", file, "renamed", f"{count} identifiers renamed: {shown}"))
    lost = {name for name, symbol in zip(names, harmonised.symbols, strict=True) if symbol is None}
    unlisted = sorted(set(harmonised.unknown) - lost)
    if unlisted:
        detail = (
            f"{len(unlisted)} symbols outside the gene table kept as they are: {', '.join(unlisted[:_SHOWN])}"
        )
        report.append(Exclusion("gene", file, "unlisted_kept", detail))
    if len(lost) > _MOST_NAMED:
        detail = f"{len(lost)} identifiers not resolvable: {', '.join(sorted(lost)[:_SHOWN])}, ..."
        report.append(Exclusion("gene", file, "unknown_gene", detail))
        return
    report.extend(
        Exclusion("gene", name, "unknown_gene", f"not resolvable, in {file}") for name in sorted(lost)
    )
