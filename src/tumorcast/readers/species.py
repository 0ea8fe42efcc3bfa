"""Of which species are these gene identifiers? Files of mouse models and xenografts look like a patient's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tumorcast.domain.errors import InputError

_ENSEMBL = re.compile(r"ENS([A-Z]{3,4})?[GTP]\d{11}")
_SPECIES = {
    "MUS": "mouse",
    "RNO": "rat",
    "CAF": "dog",
    "SSC": "pig",
    "DAR": "zebrafish",
    "MMU": "macaque",
    "MFA": "macaque",
}
_RODENT_SYMBOL = re.compile(r"[A-Z][a-z]+\d*[a-z0-9]*(-ps\d*)?|\d{7}[A-Z]\d{2}Rik|Gm\d+")
_HUMAN_SYMBOL = re.compile(r"[A-Z][A-Z0-9-]+|C\d+orf\d+|C[XY]orf\d+")
_SHARE = 0.5
_LEAST = 5
_OTHER_BUILDS = re.compile(r"\b(GRCm\d+|mm(9|10|39)|mRatBN\S*|rn[567]|GRCz\d+|danRer\d+|CanFam\S*)\b")


def foreign_species(identifiers: Iterable[str]) -> str | None:
    """ "mouse", "mouse or rat", "rat", ... where most identifiers are of it; None where they may be human.

    Ensembl's prefix names the species (ENSMUSG..., ENSRNOG...). Symbols of rodents begin with a capital and go on in
    small letters (Trp53, Cd8a), those of people are in capitals (TP53, CD8A).
    """
    names = [name.strip() for name in identifiers if name.strip()]
    ensembl = Counter(found[1] or "" for name in names if (found := _ENSEMBL.match(name)))
    if sum(ensembl.values()) > _SHARE * len(names):
        prefix, count = ensembl.most_common(1)[0]
        is_foreign = bool(prefix) and count > _SHARE * sum(ensembl.values())
        return _SPECIES.get(prefix, f"a species with Ensembl's prefix ENS{prefix}") if is_foreign else None
    rodent = sum(bool(_RODENT_SYMBOL.fullmatch(name)) for name in names)
    human = sum(bool(_HUMAN_SYMBOL.fullmatch(name)) for name in names)
    is_rodent = rodent >= _LEAST and rodent > human and rodent > _SHARE * (rodent + human)
    return "mouse or rat" if is_rodent else None


def check_species(names: Iterable[object], file: str) -> None:
    """Refuse a file whose genes are another species': they would be read as human ones, Kras as KRAS.

    Raises:
        InputError: most names are of it.
    """
    known = list(dict.fromkeys(str(name) for name in names))
    species = foreign_species(known)
    if species is not None:
        raise InputError(
            f"{file} is of another species",
            got=f"genes of {species}, such as {', '.join(known[:3])}",
            expected="human genes: symbols such as TP53, Entrez or Ensembl identifiers (ENSG...)",
            fix="give the file of the patient's tumour",
        )


def foreign_build(text: str) -> str | None:
    """A genome build of another species that a header names (GRCm39, mm10, rn7); None where there is none."""
    found = _OTHER_BUILDS.search(text)
    return found[0] if found else None
