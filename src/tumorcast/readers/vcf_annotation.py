"""What a VCF's annotation says of an allele: VEP's CSQ and SnpEff's ANN, one transcript of one gene chosen.

VEP: McLaren et al., Genome Biol 2016, 17:122. SnpEff: Cingolani et al., Fly 2012, 6:80, and the common ANN format of
annotation tools, version 1.0 (2015). Short protein changes: HGVS with one letter a residue (IUPAC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

from tumorcast.biology.variants import impact_of

Entry = dict[str, str]
"""One transcript's annotation under VEP's names of its fields."""

_SNPEFF_ORDER = (
    "Allele", "Consequence", "IMPACT", "SYMBOL", "Gene", "Feature_type", "Feature", "BIOTYPE", "Rank", "HGVSc",
    "HGVSp",
)  # fmt: skip
_LETTERS = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*", "Sec": "U", "Pyl": "O", "Asx": "B", "Glx": "Z", "Xaa": "X",
}  # fmt: skip
_RESIDUE = re.compile("|".join(_LETTERS))
_RESIDUES = frozenset(_LETTERS.values()) - {"X"}


def field_orders(meta: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """CSQ, ANN -> names of the fields between `|`, for those that the header declares and that name consequences.

    Args:
        meta: the `##` lines.
    """
    orders = {}
    for key in ("CSQ", "ANN"):
        for line in meta:
            if re.match(rf"##INFO=<(?:.*,)?ID={key},", line):
                told = re.search(r"Format:\s*([^\">]+)", line)
                words = [word.strip(" '") for word in told[1].split("|")] if told else []
                orders[key] = tuple(words) if told or key == "CSQ" else _SNPEFF_ORDER
    return {key: order for key, order in orders.items() if "Consequence" in order}


def entries_of(info: Mapping[str, str], orders: Mapping[str, Sequence[str]]) -> list[Entry]:
    """The annotation of one record, all alleles and transcripts; empty where it has none that is whole."""
    key = next((key for key in orders if info.get(key, ".") not in ("", ".")), None)
    if key is None:
        return []
    entries = [dict(zip(orders[key], entry.split("|"))) for entry in info[key].split(",")]
    return [entry for entry in entries if "Consequence" in entry]


def of_allele(entries: Sequence[Entry], ref: str, alts: Sequence[str], at: int) -> list[Entry]:
    """Entries of the alternate `alts[at]`.

    Alleles are named by number (ALLELE_NUM), in full (SnpEff), without a first base that all share (VEP; nothing
    left is `-`), or with all that is shared trimmed off (VEP --minimal): by the first of these ways that explains
    every entry. Records of one alternate that were split off an annotated record of several match in full first.
    """
    if {entry.get("ALLELE_NUM", "") for entry in entries} <= {str(n) for n in range(1, len(alts) + 1)}:
        return [entry for entry in entries if entry["ALLELE_NUM"] == str(at + 1)]
    plain = [alt for alt in alts if alt != "*"]
    is_shared = all(alt[:1] == ref[:1] for alt in plain) and any(len(alt) != len(ref) for alt in plain)
    full = list(alts)
    vep = [alt[1:] or "-" for alt in alts] if is_shared else full
    minimal = [trimmed(0, ref, alt)[2] for alt in alts]
    given = {entry.get("Allele", "").upper() for entry in entries}
    ways = (vep, full, minimal)
    names = next((way for way in ways if given <= set(way)), None)
    if names is None:
        names = next((way for way in (full, vep, minimal) if way[at] in given), full)
    return [entry for entry in entries if entry.get("Allele", "").upper() == names[at]]


def chosen(entries: Sequence[Entry]) -> Entry | None:
    """The entry that stands for the allele, None where none lies in a gene.

    VEP's pick; else of each gene its MANE Select, else canonical transcripts, else all. Of several the gravest
    (`impact_of`), of those the first that codes for a protein.
    """
    named = [entry for entry in entries if gene_name(entry)]
    picked = [entry for entry in named if entry.get("PICK") == "1"] or list(_representatives(named))
    gravest = impact_of("&".join(entry["Consequence"] for entry in picked))
    equally = [entry for entry in picked if impact_of(entry["Consequence"]) == gravest]
    return min(equally, key=lambda entry: entry.get("BIOTYPE") != "protein_coding", default=None)


def _representatives(entries: Sequence[Entry]) -> Iterator[Entry]:
    for gene in dict.fromkeys(map(gene_name, entries)):
        own = [entry for entry in entries if gene_name(entry) == gene]
        mane = [entry for entry in own if entry.get("MANE_SELECT")]
        yield from mane or [entry for entry in own if entry.get("CANONICAL") == "YES"] or own


def gene_name(entry: Entry) -> str:
    """Symbol, else identifier of the gene; "" between genes, where SnpEff names both neighbours."""
    if "intergenic" in entry["Consequence"]:
        return ""
    return entry.get("SYMBOL") or entry.get("Gene", "")


def protein_change(entry: Entry) -> str:
    """`p.V600E` from HGVSp, else (VEP without --hgvs) from single residues before and after; "" unknown."""
    text = unquote(entry.get("HGVSp", "")).translate({ord("("): None, ord(")"): None})
    if found := re.search(r"p\..+", text):
        return _RESIDUE.sub(lambda residue: _LETTERS[residue[0]], found[0])
    before, _, after = entry.get("Amino_acids", "").partition("/")
    position = entry.get("Protein_position", "").partition("/")[0]
    if before in _RESIDUES and after in _RESIDUES | {""} and position.isdigit():
        return f"p.{before}{position}{after or '='}"
    return ""


def trimmed(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Start, reference and alternate as MAF files have them: shared bases taken off, first in front, `-` for nothing
    left; an insertion starts at the base before it."""
    shared = _n_shared(ref, alt)
    ref, alt = ref[shared:], alt[shared:]
    behind = _n_shared(ref[::-1], alt[::-1])
    ref, alt = ref[: len(ref) - behind], alt[: len(alt) - behind]
    return position + shared - (not ref), ref or "-", alt or "-"


def _n_shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
