"""Somatic variants from an annotated VCF or BCF file: one tumour's calls, as `maf.read_maf` gives them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from tumorcast.biology.chromosomes import check_positions
from tumorcast.biology.genes import GeneTable
from tumorcast.biology.variants import impact_of
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.gene_names import report_names
from tumorcast.readers.species import check_species
from tumorcast.readers.vcf_annotation import (
    chosen,
    entries_of,
    field_orders,
    gene_name,
    of_allele,
    protein_change,
    trimmed,
)
from tumorcast.readers.vcf_header import build_of, read_header, read_lines, settled_build, tumour_column

LeftOut = Counter[tuple[str, str]]
"""(reason, what) -> how many."""

_COLUMNS = (
    "sample_id", "gene", "variant_class", "vaf", "impact", "protein_change", "chromosome", "start", "ref", "alt",
)  # fmt: skip
_REASONS = {
    "unreadable": "lines without the columns of the header or without a position",
    "filtered": "records that did not pass the caller's filters",
    "germline": "records marked germline, reference or loss of heterozygosity",
    "no_bases": "alleles that spell no bases",
    "not_in_tumour": "alleles that the tumour's genotype lacks",
    "not_annotated": "alleles without an annotation",
    "no_gene": "alleles in no gene",
    "duplicate_row": "alleles given before",
    "unknown_gene": "alleles in genes without a symbol",
}
_SHOWN = 5
_NOT_SOMATIC = ("0", "1", "3")
"""SS of VarScan, SomaticSniper and MuSE: reference, germline, loss of heterozygosity."""
_BASES = re.compile("[ACGTN]+")
_FULL, _HALF = 0.95, (0.4, 0.6)
"""Allele fractions of homozygous and of heterozygous germline variants."""
_GERMLINE_FULL, _GERMLINE_BOTH, _GERMLINE_LEAST = 0.1, 0.7, 200
_UNKNOWN = float("nan")


def read_vcf(
    path: Path,
    genes: GeneTable,
    report: list[Exclusion],
    *,
    sample: str | None = None,
    tumor: str | None = None,
    build: str | None = None,
) -> pd.DataFrame:
    """One row an allele of the tumour, in the columns of `maf.read_maf`; VCF, gzipped or not, or BCF.

    Kept is what passed the caller's filters (PASS or `.`), is not marked germline, and is annotated in a gene.
    `variant_class` holds the consequence terms, `vaf` is `allele_fraction`, and places are those of MAF files:
    no shared bases, `-` for none. Calls that look germline are only told.

    Args:
        sample: whose variants these are; None: the name of the tumour's column.
        tumor: name of the tumour's column; None: `sample` where a column is called so, else judged
            (`vcf_header.tumour_column`).
        build: genome build of the study, None or "" unknown; then the header's counts.

    Raises:
        InputError: not a VCF, no annotation, no telling which column is the tumour's, another genome build.
    """
    lines = read_lines(path)
    meta, columns = read_header(lines, path)
    orders = field_orders(meta)
    if not orders:
        raise _not_annotated(path)
    build = settled_build(meta, build, path)
    column = tumour_column(columns, meta, tumor or (sample if sample in columns else None), path)
    if column is None and sample is None:
        raise InputError(f"{path.name} has no column of a sample", fix="say whose variants these are: sample")
    place = None if column is None else 9 + columns.index(column)
    left_out: LeftOut = Counter()
    found = [row for line in lines for row in _alleles(line, place, orders, left_out)]
    if not found:
        _check_read(left_out, path)
    table = _table(found, sample or column, genes, left_out, path.name, report)
    if build:
        check_positions(table["chromosome"], table["start"], build, path.name)
    _tell(left_out, path.name, report)
    _warn(table["vaf"], meta, len(columns), path.name, report)
    return table


def vcf_build(path: Path) -> str | None:
    """GRCh37 or GRCh38 from the header of a VCF or BCF; None unknown."""
    return build_of(read_header(read_lines(path), path)[0])


def allele_fraction(call: Mapping[str, str], ref: str, alts: Sequence[str], at: int) -> float:
    """Share of reads of the alternate `alts[at]`, 0..1, NaN unknown.

    The first that is known of: AD; AF; Strelka2's tier 1 counts (alternate over reference and alternate; Kim et
    al., Nat Methods 2018, 15:591); VarScan's FREQ; DP4.

    Args:
        call: the tumour's column, key -> text.
    """
    depths, shares, strands = (_numbers(call.get(key, "")) for key in ("AD", "AF", "DP4"))
    bases = [_numbers(call.get(f"{base}U", ""))[0] for base in (ref, alts[at])]
    indels = [_numbers(call.get(key, ""))[0] for key in ("TAR", "TIR")]
    ways = (
        _share(depths[at + 1], sum(depths)) if len(depths) == len(alts) + 1 else _UNKNOWN,
        shares[at] if len(shares) == len(alts) else _UNKNOWN,
        _share(bases[1], sum(bases)),
        _share(indels[1], sum(indels)),
        _percent(call.get("FREQ", "")),
        _share(sum(strands[2:]), sum(strands)) if len(strands) == 4 and len(alts) == 1 else _UNKNOWN,
    )
    return next((share for share in ways if 0 <= share <= 1), _UNKNOWN)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else _UNKNOWN


def _numbers(text: str) -> list[float]:
    """Numbers between commas, NaN unknown; at least one."""
    return [_number(word) for word in text.split(",")]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return _UNKNOWN


def _percent(text: str) -> float:
    """The share of `12.5%`, or of `12,5%` as VarScan writes it where commas are usual."""
    number = _number(text.rstrip("%").replace(",", "."))
    return number / 100 if text.endswith("%") else number


def _alleles(
    line: str, place: int | None, orders: Mapping[str, Sequence[str]], left_out: LeftOut
) -> Iterator[tuple[object, ...]]:
    """Name of the gene, then `_COLUMNS` from the class on, of each allele of a record that is kept."""
    cells = line.rstrip("\r\n").split("\t")
    if len(cells) <= (place or 7) or not cells[1].isdigit():
        left_out["unreadable", ""] += bool(line.strip())
        return
    if cells[6] not in ("PASS", "."):
        left_out["filtered", cells[6]] += 1
        return
    info: dict[str, str] = dict(part.partition("=")[::2] for part in cells[7].split(";"))
    call = dict(zip(cells[8].split(":"), cells[place].split(":"))) if place else {"DP4": info.get("DP4", "")}
    if _is_germline(info, call):
        left_out["germline", ""] += 1
        return
    ref, alts = cells[3].upper(), cells[4].upper().split(",")
    entries = entries_of(info, orders)
    for at, alt in enumerate(alts):
        if not _BASES.fullmatch(alt) or not _BASES.fullmatch(ref):
            left_out["no_bases", "breakends" if set(alt) & set("[]") else alt] += 1
            continue
        fraction = allele_fraction(call, ref, alts, at)
        own = of_allele(entries, ref, alts, at)
        entry = chosen(own)
        if _lacks(call.get("GT", ""), at) and not fraction > 0:
            left_out["not_in_tumour", ""] += 1
        elif entry is None:
            left_out["no_gene" if own else "not_annotated", ""] += 1
        else:
            terms = entry["Consequence"]
            place_of = trimmed(int(cells[1]), ref, alt)
            yield (
                gene_name(entry),
                terms,
                fraction,
                impact_of(terms),
                protein_change(entry),
                cells[0],
                *place_of,
            )


def _lacks(genotype: str, at: int) -> bool:
    """Whether a known genotype is without the alternate; callers of low fractions write 0/0 beside its reads."""
    alleles = re.split(r"[/|]", genotype)
    return all(allele.isdigit() for allele in alleles) and str(at + 1) not in alleles


def _is_germline(info: Mapping[str, str], call: Mapping[str, str]) -> bool:
    """Marked by GERMLINE, SS (VarScan and others), STATUS (VarDict) or GermlineStatus (DRAGEN)."""
    status = info.get("STATUS", "").lower()
    return (
        info.get("GERMLINE", "0").lower() in ("", "1", "true", "yes")
        or info.get("SS", call.get("SS", "")) in _NOT_SOMATIC
        or "germline" in status
        or "loh" in status
        or info.get("GermlineStatus", "").lower().startswith("germline")
    )


def _table(
    found: list[tuple[object, ...]],
    sample: str | None,
    genes: GeneTable,
    left_out: LeftOut,
    file: str,
    report: list[Exclusion],
) -> pd.DataFrame:
    """Alleles once, with symbols for their genes."""
    table = pd.DataFrame(found, columns=["name", *_COLUMNS[2:]]).astype({"vaf": float, "start": int})
    is_twice = table.duplicated(["chromosome", "start", "ref", "alt"])
    table = table[~is_twice].reset_index(drop=True)
    names = table["name"].tolist()
    check_species(names, file)
    harmonised = genes.harmonise(names)
    report_names(names, harmonised, file, report)
    table = table.assign(sample_id=sample, gene=pd.Series(harmonised.symbols, dtype=object))
    is_known = table["gene"].notna()
    left_out["duplicate_row", ""] += int(is_twice.sum())
    left_out["unknown_gene", ""] += int((~is_known).sum())
    return table.loc[is_known, list(_COLUMNS)].reset_index(drop=True)


def _tell(left_out: LeftOut, file: str, report: list[Exclusion]) -> None:
    """One line a reason."""
    for reason, words in _REASONS.items():
        kinds = Counter({what: n for (why, what), n in left_out.items() if why == reason})
        shown = ", ".join(f"{what} {n}" for what, n in kinds.most_common(_SHOWN) if what)
        if n_all := kinds.total():
            detail = f"{n_all} {words} left out" + (f": {shown}" if shown else "")
            report.append(Exclusion("variant", file, reason, detail))


def _warn(vaf: pd.Series, meta: Sequence[str], n_columns: int, file: str, report: list[Exclusion]) -> None:
    """Lines where calls are unfiltered, or look germline.

    Germline: one column at most, 200 known fractions or more, a tenth of them homozygous (0.95 and above), and
    seven tenths homozygous or heterozygous (0.4 to 0.6).
    """
    if any(line.startswith("##filtering_status") and "unfiltered" in line for line in meta):
        report.append(Exclusion("layer", file, "unfiltered_calls", "the caller's filters were not applied"))
    known = vaf.dropna()
    full, half = float((known >= _FULL).mean()), float(known.between(*_HALF).mean())
    is_enough = n_columns <= 1 and len(known) >= _GERMLINE_LEAST
    if is_enough and full >= _GERMLINE_FULL and full + half >= _GERMLINE_BOTH:
        told = (
            f"no normal, {full:.0%} of the allele fractions near 1, {half:.0%} near one half: germline calls?"
        )
        report.append(Exclusion("layer", file, "looks_germline", told))


def _check_read(left_out: LeftOut, path: Path) -> None:
    """Raise where no variants are left because nothing is annotated, or nothing but broken lines is there."""
    if left_out["not_annotated", ""] and not left_out["no_gene", ""]:
        raise _not_annotated(path)
    if 0 < left_out["unreadable", ""] == left_out.total():
        raise InputError(
            f"{path.name} holds no whole record", got=f"{left_out.total()} {_REASONS['unreadable']}",
            expected="the columns of its header, separated by tabs",
        )  # fmt: skip


def _not_annotated(path: Path) -> InputError:
    return InputError(
        f"{path.name} does not say which genes its variants alter",
        got="no annotation CSQ or ANN",
        expected="VCF annotated by VEP or SnpEff",
        fix="annotate it: `vep --vcf --symbol --hgvs --pick --cache -i FILE`, or `snpEff GRCh38.105 FILE`",
    )
