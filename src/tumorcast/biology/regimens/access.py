"""What is known of how available a regimen is; what nobody stated is unknown."""

from __future__ import annotations

from tumorcast.biology._tables import read_table
from tumorcast.biology.regimens.regimen import Regimen, Statement

_DATE = "2023-07"


def availability_of(regimen: Regimen) -> tuple[Statement, ...]:
    """What the formulary's row states, and which of its drugs stand in WHO's list of essential medicines."""
    table = read_table("essential_medicines")
    listed = {row["drug"] for row in table.rows}
    names = [agent.name for agent in regimen.agents]
    essential = [name for name in names if name in listed]
    told = list(regimen.availability)
    if essential:
        which = "all of its drugs" if len(essential) == len(names) else ", ".join(essential)
        source = "WHO Model List of Essential Medicines, 23rd list"
        told.append(Statement(f"essential medicines: {which}", source, _DATE))
    if regimen.is_cell_therapy:
        told.append(
            Statement("cell therapy: given at authorised centres", "US labels of cell therapies", "2024")
        )
    return tuple(told)
