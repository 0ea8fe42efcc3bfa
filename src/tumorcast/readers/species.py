"""Are the names of a file's genes those of man? Others would be read as human ones: Kras as KRAS."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tumorcast.domain.errors import InputError

_OTHER_ENSEMBL = re.compile(r"ENS(?!G\d|T\d|P\d|E\d|R\d)[A-Z]{3,4}[GTP]\d{11}")
_RODENT = re.compile(r"[A-Z][a-z]+[a-z0-9]*(?:-[a-z0-9]+)?")
_OF_TWO_LETTERS = re.compile(r"[A-Z][a-z]\d*|[A-Z]\d+[a-z]?")
_FEWEST, _SHARE = 5, 0.5


def check_species(names: Iterable[object], file: str) -> None:
    """Refuse a file most of whose genes are named as those of another species.

    Ensembl identifiers name theirs (ENSMUSG...: mouse); symbols of mouse and rat have one capital (Trp53), those of man
    are all capitals but for open reading frames (C1orf112).

    Raises:
        InputError: at least five names and half of them are so.
    """
    known = {str(name).strip() for name in names} - {"", "nan", "None"}
    foreign = sorted(name for name in known if _OTHER_ENSEMBL.match(name))
    rodent = sorted(name for name in known if _RODENT.fullmatch(name) or _OF_TWO_LETTERS.fullmatch(name))
    rodent = [name for name in rodent if re.search("[a-z]", name)]
    for found, what in (
        (foreign, "Ensembl identifiers"),
        (rodent, "symbols in the spelling of mouse and rat"),
    ):
        if len(found) >= _FEWEST and len(found) >= _SHARE * len(known):
            raise InputError(
                f"{file} is of another species",
                got=f"{len(found)} of {len(known)} gene names are {what}, such as {', '.join(found[:3])}",
                expected="human genes: symbols such as TP53, Entrez or Ensembl identifiers (ENSG...)",
                fix="give the file of the patient's tumour; if it is, write the names as HGNC does",
            )
