"""A folder of allele definitions and phenotypes as PharmCAT and CPIC publish them, so that a lab can use the newest.

Looked for below the folder: `*_translation.json` (definitions) and `GENE.json` (functions, activity values,
phenotypes of diplotypes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tumorcast.biology.pgx.definitions import (
    Allele,
    Definitions,
    GeneDefinition,
    Position,
    embedded_definitions,
)
from tumorcast.domain.errors import InputError

_WOBBLE = {
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG",
    "N": "ACGT",
}  # fmt: skip
_CALLED_ELSEWHERE = ("CYP2D6",)


def read_definitions(folder: Path) -> Definitions:
    """Definitions of the genes that this package calls; what the folder lacks is named in `left_out`.

    Raises:
        InputError: no definitions there, or damaged ones.
    """
    files = sorted(folder.rglob("*_translation.json")) if folder.is_dir() else []
    if not files:
        raise InputError(
            f"{folder.name} holds no allele definitions", got=f"no *_translation.json below {folder.name}",
            expected="a folder as PharmCAT publishes it (definition/alleles, phenotype)",
            fix="unpack a PharmCAT release and name its folder that holds `definition`, or leave --definitions out",
        )  # fmt: skip
    own = embedded_definitions()
    raw = [_load(path) for path in files]
    exempt = next((_load(path) for path in folder.rglob("exemptions.json")), {})
    genes: dict[str, GeneDefinition] = {}
    for one in raw:
        base = own.genes.get(one.get("gene", ""))
        if base is not None and base.gene not in _CALLED_ELSEWHERE:
            genes[base.gene] = _gene(one, base, _functions(folder, base.gene), exempt.get(base.gene, {}))
    versions = sorted({str(one.get("version", "")) for one in raw if one.get("version")})
    if not genes or not versions:
        raise InputError(f"{folder.name}: definitions name no gene or no version", got=", ".join(versions))
    left_out = tuple(sorted(set(own.genes) - set(genes)))
    kept = {name: own.genes[name] for name in left_out}
    source = f"folder {folder.name}"
    return Definitions({**genes, **kept}, source, ", ".join(versions), _date(versions[0]), True, left_out)


def _date(version: str) -> str:
    """The day that a version begins with."""
    try:
        return date.fromisoformat(version[:10]).isoformat()
    except ValueError:
        raise InputError(
            "definitions without a date in their version", got=version, expected="YYYY-MM-DD first"
        ) from None


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} is not JSON", got=error, fix="download the folder again") from None
    if not isinstance(loaded, dict):
        raise InputError(f"{path.name} is not a definition", got=type(loaded).__name__)
    return loaded


def _functions(folder: Path, gene: str) -> tuple[dict[str, str], dict[str, float | None]]:
    """Functions and activity values of a gene's alleles."""
    path = next((one for one in folder.rglob(f"{gene}.json")), None)
    if path is None:
        return {}, {}
    table = _load(path)
    activities = {name: _number(value) for name, value in table.get("activityValues", {}).items()}
    return {name: value or "" for name, value in table.get("haplotypes", {}).items()}, activities


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def _gene(
    raw: Mapping[str, Any],
    base: GeneDefinition,
    tables: tuple[dict[str, str], dict[str, float | None]],
    exempt: Mapping[str, Any],
) -> GeneDefinition:
    try:
        ignored = {one["chromosomeHgvsName"] for one in exempt.get("ignoredPositions", ())}
        names = [one["chromosomeHgvsName"] for one in raw["variants"]]
        keys = [place for place, name in enumerate(names) if name not in ignored]
        positions = tuple(_position(raw["variants"][one], base) for one in keys)
        alleles = [
            _allele(one, keys, positions, base, tables)
            for one in raw["namedAlleles"]
            if one["name"] not in exempt.get("ignoredAlleles", ())
        ]
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"the definition of {base.gene} cannot be read", got=repr(error)) from None
    if not any(one.is_reference for one in alleles):
        raise InputError(f"the definition of {base.gene} has no reference allele")
    kept = tuple(one for one in alleles if one.is_reference or one.bases)
    return replace(base, positions=positions, alleles=kept)


def _position(raw: Mapping[str, Any], base: GeneDefinition) -> Position:
    known = base.by_position.get(int(raw["position"]))
    place, rsid, ref = int(raw["position"]), str(raw.get("rsid") or ""), str(raw["ref"])
    if known is None:
        return Position(place, rsid, ref)
    return replace(known, rsid=rsid or known.rsid, ref=ref)


def _allele(
    raw: Mapping[str, Any],
    keys: list[int],
    positions: tuple[Position, ...],
    base: GeneDefinition,
    tables: tuple[dict[str, str], dict[str, float | None]],
) -> Allele:
    name, functions, activities = str(raw["name"]), *tables
    given = [raw["alleles"][one] for one in keys]
    is_reference = bool(raw.get("reference"))
    if is_reference:
        strange = [one.name for one, base_there in zip(positions, given) if base_there not in (None, one.ref)]
        if strange:
            raise InputError(
                f"{base.gene}: the reference allele differs from the reference genome", got=", ".join(strange)
            )  # fmt: skip
        bases: dict[int, frozenset[str]] = {}
    else:
        bases = {
            one.position: frozenset(_WOBBLE.get(there, (there,)))
            for one, there in zip(positions, given)
            if there is not None
        }
    shown = Allele(name, "", None, {}).shown
    own = base.by_name.get(shown)
    activity = activities.get(shown)
    function = functions.get(shown, own.function if own else "")
    if activities:
        function = own.function if own and own.activity == activity else _function(activity)
    return Allele(name, function, activity, bases, is_reference)


def _function(activity: float | None) -> str:
    """CPIC's words for an activity value of one allele."""
    if activity is None:
        return "Uncertain function"
    if activity in (0, 1):
        return "Normal function" if activity else "No function"
    return "Decreased function"
