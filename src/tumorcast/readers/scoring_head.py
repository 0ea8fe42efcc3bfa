"""Head of a scoring file: what stands above its columns (PGS Catalog 1.0 and 2.0, custom files)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorcast.biology.chromosomes import known_build
from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import name_of, open_text

_OLD_KEYS = {
    "pgs id": "pgs_id",
    "pgs name": "pgs_name",
    "reported trait": "trait_reported",
    "mapped trait(s)": "trait_mapped",
    "original genome build": "genome_build",
    "number of variants": "variants_number",
    "pgp id": "pgp_id",
    "citation": "citation",
}
_FILE_BUILD = re.compile(r"_hmPOS_(GRCh3[78])", re.IGNORECASE)
_OLD_COLUMNS = {"reference_allele": "other_allele", "rsid": "rsID", "non_effect_allele": "other_allele"}
_NOT_TOLD = ("", "nr", "na", "unknown", "not reported", "none")
PLACES = ("chr_name", "chr_position")
HARMONISED = ("hm_chr", "hm_pos")
_FORMATTED = ("accession", "row_nr")


@dataclass(frozen=True)
class ScoringHead:
    """What the head says.

    Attributes:
        about: key -> text, keys as in format 2.0.
        columns: names of the columns, in order; old names brought to new ones.
        separator: between columns.
        n_lines: lines up to and with the columns' names.
        is_harmonised: `hm_chr` and `hm_pos` are used.
        build: GRCh37 or GRCh38; None where nothing is said.
    """

    about: Mapping[str, str]
    columns: tuple[str, ...]
    separator: str
    n_lines: int
    is_harmonised: bool
    build: str | None

    @property
    def may_lack_places(self) -> bool:
        """Whether a row without a place is one whose harmonisation failed: also in what `pgscatalog-format` writes."""
        return self.is_harmonised or set(_FORMATTED) <= set(self.columns)

    @property
    def has_places(self) -> bool:
        """Whether columns say where variants lie."""
        return self.is_harmonised or set(PLACES) <= set(self.columns)


def read_head(path: Path) -> ScoringHead:
    """Read up to the columns' names.

    Raises:
        InputError: no table, no places, no effect allele or weight, or places of no usable genome build.
    """
    about: dict[str, str] = {}
    n_lines = 0
    with open_text(path) as text:
        for line in text:
            n_lines += 1
            if line.startswith("#"):
                about |= _pair(line)
            elif line.strip():
                break
        else:
            raise InputError(f"{path.name} is not a scoring file", got="no line with the columns' names")
    separator = "\t" if "\t" in line else ","
    names = [word.strip().strip('"') for word in line.rstrip("\r\n").split(separator)]
    columns = tuple(_OLD_COLUMNS.get(name, name) for name in names)
    _need_columns(columns, path)
    if twice := {name for name in columns if name and columns.count(name) > 1}:
        raise InputError(f"{path.name} names a column twice", got=", ".join(sorted(twice)))
    is_harmonised = set(HARMONISED) <= set(columns)
    return ScoringHead(about, columns, separator, n_lines, is_harmonised, _build(about, is_harmonised, path))


def _pair(line: str) -> dict[str, str]:
    key, sign, value = line.strip().lstrip("#").partition("=")
    if not sign:
        return {}
    key = key.strip()
    return {_OLD_KEYS.get(key.lower(), key): value.strip().strip('"')}


def _need_columns(columns: Sequence[str], path: Path) -> None:
    has_weight = any(one == "effect_weight" or one.startswith("effect_weight_") for one in columns)
    has_weight = has_weight or "dosage_0_weight" in columns
    if "effect_allele" not in columns or not has_weight:
        raise InputError(
            f"{path.name} is not a scoring file", got=f"columns {', '.join(columns[:12])}",
            expected="effect_allele and effect_weight, beside chr_name and chr_position or hm_chr and hm_pos,"
            " with tabs or commas between",
            fix="see https://www.pgscatalog.org/downloads/#dl_ftp_scoring for the columns",
        )  # fmt: skip


def need_build(head: ScoringHead, path: Path) -> None:
    """Raise where variants lie on a build that is not usable."""
    key = "HmPOS_build" if head.is_harmonised else "genome_build"
    if head.build is None and key in head.about:
        raise InputError(
            f"{path.name}: the genome build of its positions is not usable",
            got=f"{key}={head.about[key]}", expected="GRCh37 or GRCh38",
            fix="take the harmonised file (PGS..._hmPOS_GRCh38.txt.gz), whose hm_chr and hm_pos have a build",
        )  # fmt: skip


def _build(about: Mapping[str, str], is_harmonised: bool, path: Path) -> str | None:
    told = about.get("HmPOS_build" if is_harmonised else "genome_build", "")
    if told.strip().lower() not in _NOT_TOLD:
        return known_build(told) or None
    named = _FILE_BUILD.search(path.name)
    return known_build(named[1]) if named and (is_harmonised or "genome_build" not in about) else None


def score_name(head: ScoringHead, path: Path) -> str:
    """`pgs_id`, else `pgs_name`, else the file's name."""
    for key in ("pgs_id", "omicspred_id", "score_id", "pgs_name"):
        if head.about.get(key, "").lower() not in _NOT_TOLD:
            return head.about[key]
    return _FILE_BUILD.sub("", name_of(path))
