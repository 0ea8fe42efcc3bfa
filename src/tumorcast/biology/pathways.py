"""Published expression programmes as gene sets; they make the pathway tokens of the expression encoder."""

from __future__ import annotations

from dataclasses import dataclass

from tumorcast.biology._tables import read_table, split_list
from tumorcast.biology.gene_sets import read_gmt

__all__ = ["ExpressionSet", "embedded_expression_sets", "expression_set_sources", "read_gmt"]


@dataclass(frozen=True)
class ExpressionSet:
    """One programme: its name, genes (approved symbols) and the publication it is written from."""

    name: str
    genes: tuple[str, ...]
    reference: str


def expression_set_sources() -> tuple[ExpressionSet, ...]:
    """The embedded programmes with their references."""
    rows = read_table("expression_sets").rows
    return tuple(ExpressionSet(row["name"], split_list(row["genes"]), row["reference"]) for row in rows)


def embedded_expression_sets() -> dict[str, tuple[str, ...]]:
    """Name -> genes of the embedded programmes."""
    return {one.name: one.genes for one in expression_set_sources()}
