"""Is an uploaded file what its kind says? By content first; the name only chooses between what the content allows."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from tumorcast.domain.errors import SlideError
from tumorcast.lab.case_host import HOST_FILES, check_upload
from tumorcast.lab.cases import Kind
from tumorcast.lab.config import UploadLimits
from tumorcast.lab.errors import TooLargeError, WrongFileError
from tumorcast.readers.compressed import is_gzip
from tumorcast.slides.tiff_whole import check_tiff_whole, is_tiff

_CHUNK = 1 << 20
_HEAD = 1 << 16
_RATIO_FROM = 10_000_000
_TIFF_SUFFIXES = (".svs", ".ndpi", ".tif", ".tiff", ".scn", ".bif", ".svslide", ".qptiff", ".btf")
_TEXT_SUFFIXES = (".maf", ".vcf", ".tsv", ".csv", ".txt", ".seg", ".tab", ".gct", ".sf", ".results")
_MAF_COLUMNS = ("Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification")
_NOT_TEXT = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of an old Excel",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"BZh": "a bzip2 archive",
    b"\xfd7zX": "an xz archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x7fELF": "a program",
    b"CRAM": "a CRAM file",
    b"BCF": "a BCF file",
    b"\x89HDF": "an HDF5 file",
}


def checked_suffix(path: Path, kind: Kind, name: str, limits: UploadLimits) -> str:
    """The ending that the file gets on disk (".svs", ".maf.gz").

    Args:
        path: the file, under any name.
        name: what the sender calls it.

    Raises:
        WrongFileError: it is something else, cut off or damaged.
        TooLargeError: it unpacks to more than the lab takes.
    """
    if kind == "slide":
        return _slide_suffix(path, name)
    if kind in ("lesions", "exposures", *HOST_FILES) and is_gzip(path):
        raise WrongFileError(f"{kind} are not read from an archive", got="gzip", fix="send the table itself")
    head = _text_head(path, limits)
    if kind in HOST_FILES:
        return _host_suffix(path, kind, head)
    _check_text(head, kind)
    ending = _ending(name.lower().removesuffix(".gz"), _TEXT_SUFFIXES, ".tsv")
    if kind == "variants":
        ending = ".vcf" if head.startswith("##fileformat=VCF") else ".maf"
    return ending + (".gz" if is_gzip(path) else "")


def _host_suffix(path: Path, kind: Kind, head: str) -> str:
    """Of JSON that was read whole; pharmacogenes may be pgx.csv, too, whose rows are read with the case."""
    if kind == "pharmacogenes" and not head.lstrip().startswith(("{", "[", "<")):
        _check_text(head, kind)
        return ".csv"
    check_upload(path, kind)
    return ".json"


def _slide_suffix(path: Path, name: str) -> str:
    with path.open("rb") as file:
        head = file.read(132)
    if is_tiff(path):
        ending = _ending(name.lower(), _TIFF_SUFFIXES, ".tif")
        try:
            if ending != ".ndpi":
                check_tiff_whole(path)
        except SlideError as error:
            raise WrongFileError(error.what, got=error.got, expected=error.expected, fix=error.fix) from None
        return ending
    if head[128:132] == b"DICM":
        return ".dcm"
    raise WrongFileError(
        "this is not a slide that the lab can read",
        got=_seen(head),
        expected=f"a TIFF of a scanner ({', '.join(_TIFF_SUFFIXES)}) or one DICOM file",
    )


def _text_head(path: Path, limits: UploadLimits) -> str:
    """The beginning of a text, after all of it was unpacked once within the limits."""
    if not is_gzip(path):
        with path.open("rb") as file:
            return _decoded(file.read(_HEAD))
    packed, unpacked, head = path.stat().st_size, 0, b""
    try:
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                head = head or chunk[:_HEAD]
                unpacked += len(chunk)
                if unpacked > limits.unpacked or (
                    unpacked > _RATIO_FROM and unpacked > limits.ratio * packed
                ):
                    raise TooLargeError(
                        "the archive unpacks to too much",
                        got=f"{packed:,} bytes that become more than {unpacked:,}",
                        expected=f"at most {limits.unpacked:,} bytes and {limits.ratio:g} times the archive",
                    )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise WrongFileError(
            "the gzip archive is cut off or damaged", got=error, fix="send it again"
        ) from None
    return _decoded(head)


def _decoded(head: bytes) -> str:
    if not head.strip():
        raise WrongFileError("the file is empty", got="no text")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise WrongFileError(
            "the text is not in UTF-8", got="UTF-16", fix="save it as tab-separated text in UTF-8"
        )
    if b"\0" in head or any(head.startswith(magic) for magic in _NOT_TEXT):
        raise WrongFileError("the file is not a text table", got=_seen(head), expected="text, gzipped or not")
    return head.decode("utf-8-sig", errors="replace")


def _check_text(head: str, kind: Kind) -> None:
    lines = [line for line in head.splitlines() if line.strip() and not line.startswith("#")]
    if head.lstrip().startswith(("<", "{", "[")):
        raise WrongFileError(
            "the file is not a table", got="a web page, XML or JSON", expected="a text table"
        )
    if kind == "variants":
        if not head.startswith("##fileformat=VCF"):
            header = [cell.strip().strip('"') for cell in (lines[0] if lines else "").split("\t")]
            lacking = [name for name in _MAF_COLUMNS if name not in header]
            if lacking:
                raise WrongFileError(
                    "the file is neither a VCF nor a MAF",
                    got=f"no column {', '.join(lacking)}",
                    expected=f"##fileformat=VCF, or the columns {', '.join(_MAF_COLUMNS)}",
                )
        return
    if not lines or not any(sep in lines[0] for sep in "\t,; "):
        raise WrongFileError(
            "the file is not a table", got="a first line of one column", expected="a text table"
        )


def _ending(name: str, known: tuple[str, ...], otherwise: str) -> str:
    return next((ending for ending in known if name.endswith(ending)), otherwise)


def _seen(head: bytes) -> str:
    """What the first bytes are, without showing them."""
    found = next((what for magic, what in _NOT_TEXT.items() if head.startswith(magic)), None)
    if found:
        return found
    return "text" if head and b"\0" not in head else "binary data of another format"
