"""Lines and header of a VCF or BCF file: which column is the tumour's, which genome build the positions are of.

VCF: Danecek et al., Bioinformatics 2011, 27:2156. Text is read as text, because real files break the rules that
htslib insists on: plain gzip, a BOM, blank or broken lines, values of another type than the header says.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tumorcast.biology.chromosomes import build_named, chromosomes
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.compressed import is_gzip, open_text

_TUMOUR = re.compile("tumou?r", re.IGNORECASE)
_NORMAL = re.compile("normal|germline", re.IGNORECASE)
_BUILD_LINES = ("##reference", "##contig", "##assembly", "##VEP", "##SnpEff")
_BUILD_WORDS = {
    "GRCh37": re.compile(r"(?<![a-z0-9])(grch37|hg19|b37|ncbi37|hs37)|g1k_v37", re.IGNORECASE),
    "GRCh38": re.compile(r"(?<![a-z0-9])(grch38|hg38|b38|ncbi38|hs38)", re.IGNORECASE),
}
_CONTIG = re.compile(r"##contig=<(?:.*,)?ID=(?:chr)?([^,>]+),(?:.*,)?length=(\d+)")


def read_lines(path: Path) -> Iterator[str]:
    """Lines of a VCF, gzipped or not, or of a BCF as text.

    Raises:
        InputError: not there, not text, damaged.
    """
    if not is_bcf(path):
        with open_text(path) as text:
            yield from text
        return
    pysam = _htslib(path)
    verbosity = pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(path)) as file:
            yield from str(file.header).splitlines()
            yield from map(str, file)
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} is a damaged BCF file", got=error, fix="copy it again") from None
    finally:
        pysam.set_verbosity(verbosity)


def _htslib(path: Path) -> Any:
    """pysam; InputError where it is not installed."""
    try:
        import pysam
    except ImportError:
        raise InputError(
            f"{path.name} is a BCF file, which cannot be read here", got="pysam is not installed",
            expected="VCF, gzipped or not",
            fix="pip install 'tumorcast[genomes]', or convert it: `bcftools view -Oz -o FILE.vcf.gz`",
        ) from None  # fmt: skip
    return pysam


def is_bcf(path: Path) -> bool:
    """Whether the file begins as a BCF does, packed or not."""
    try:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
            return file.read(3) == b"BCF"
    except (OSError, EOFError, zlib.error):
        return False


def read_header(lines: Iterator[str], path: Path) -> tuple[list[str], list[str]]:
    """The `##` lines, and names of the samples' columns; `lines` goes on with the first record."""
    meta: list[str] = []
    for line in lines:
        if line.startswith("#CHROM"):
            return meta, line.rstrip("\r\n").split("\t" if "\t" in line else None)[9:]
        if line.strip() and not line.startswith("##"):
            break
        meta.append(line.rstrip("\r\n"))
    raise InputError(
        f"{path.name} is not a VCF file", got="no header line #CHROM POS ID REF ALT ...",
        expected="VCF, gzipped or not, or BCF",
    )  # fmt: skip


def tumour_column(columns: Sequence[str], meta: Sequence[str], named: str | None, path: Path) -> str | None:
    """The column named, the only one, the header's, or the one called tumour or not normal; None without columns.

    The header's is that of `##tumor_sample=` (Mutect2), or any value of `##SAMPLE=<ID=TUMOR,...>`.

    Raises:
        InputError: no such column, or none of these ways leads to one alone.
    """
    if named is not None and named not in columns:
        raise InputError(
            f"{path.name} has no column {named}", got=", ".join(columns[:12]) or "no columns of samples",
            fix=did_you_mean(named, columns),
        )  # fmt: skip
    if not columns:
        return None
    told = _told_tumours(meta)
    ways = (
        [column for column in columns if named in (None, column)],
        [column for column in columns if column in told],
        [column for column in columns if _TUMOUR.search(column)],
        [column for column in columns if not _NORMAL.search(column)],
    )
    if found := next((way[0] for way in ways if len(way) == 1), None):
        return found
    raise InputError(
        f"{path.name}: which column is the tumour's?", got=", ".join(columns[:12]),
        expected="one column, TUMOR beside NORMAL, or a header line ##tumor_sample=",
        fix="name the tumour's column: tumor",
    )  # fmt: skip


def _told_tumours(meta: Sequence[str]) -> set[str]:
    """What the header calls the tumour."""
    told = {line.partition("=")[2] for line in meta if line.startswith("##tumor_sample=")}
    for line in meta:
        if line.startswith("##SAMPLE=<ID=") and _TUMOUR.search(line.split(",")[0]):
            told |= {word.partition("=")[2].strip('">') for word in line[len("##SAMPLE=<") :].split(",")}
    return told


def build_of(meta: Sequence[str]) -> str | None:
    """GRCh37 or GRCh38 by the lengths of chromosomes, else by names of the reference; None unknown."""
    told = "\n".join(line for line in meta if line.startswith(_BUILD_LINES))
    lengths = {(name, int(length)) for name, length in _CONTIG.findall(told)}
    by_length = [
        build
        for build in _BUILD_WORDS
        if any((name, one.length) in lengths for name, one in chromosomes(build).items())
    ]
    by_name = [build for build, words in _BUILD_WORDS.items() if words.search(told)]
    return next((found[0] for found in (by_length, by_name) if len(found) == 1), None)


def settled_build(meta: Sequence[str], build: str | None, path: Path) -> str | None:
    """The build asked for, else the header's; InputError where they differ."""
    own = build_of(meta)
    wanted = build_named(build) if build else None
    if own and wanted and own != wanted:
        raise InputError(f"{path.name} is of another genome build", got=own, expected=wanted)
    return wanted or own
