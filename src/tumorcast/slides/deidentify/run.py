"""Many slides to de-identified copies: under new names, each checked before it gets its name, resumable."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from tqdm import tqdm

from tumorcast.domain.errors import InputError, SlideError, TumorcastError
from tumorcast.slides.deidentify.check import check_dicom, check_tiff
from tumorcast.slides.deidentify.dicom import copy_dicom
from tumorcast.slides.deidentify.tiff import copy_tiff
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.owner import partial_path, remove_partials
from tumorcast.slides.tiff_whole import is_tiff

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


@dataclass(frozen=True)
class Mapped:
    """A row of the mapping.

    Attributes:
        source: absolute path of the slide.
        name: of the copy, without suffix.
        status: "" not yet done, "ok", or "failed".
        reason: why it failed.
        removed: what the copy lacks.
        sha256: of the copy (of a DICOM slide: of its files' digests in order).
    """

    source: str
    name: str
    status: str = ""
    reason: str = ""
    removed: str = ""
    sha256: str = ""


def deidentify(files: Sequence[SlideFile], out: Path, mapping: Path, progress: bool = True) -> list[Mapped]:
    """Write a copy of each slide into `out`; originals are only read.

    Args:
        files: the slides.
        out: folder of the copies.
        mapping: CSV that leads from copies to originals; rows with `source` and `name` that are there are used, others
            get random names. It stays with the user and must not lie in `out`.
        progress: show a bar.

    Raises:
        InputError: the mapping lies among the copies, cannot be read, or gives two slides one name; or a copy would
            lie among the originals.
    """
    _check_places(files, out, mapping)
    rows = _named(files, _read_mapping(mapping))
    out.mkdir(parents=True, exist_ok=True)
    remove_partials(out)
    key = hashlib.sha256(mapping.resolve().as_posix().encode() + secrets.token_bytes(32)).digest()
    for file in tqdm(files, desc="copies", unit="slide", disable=not progress):
        source = str(file.path.resolve())
        rows[source] = _one(file, rows[source], out, key)
        _write_mapping(mapping, list(rows.values()))
    return [rows[str(file.path.resolve())] for file in files]


def check_copy(path: Path, source: Path | None = None) -> list[str]:
    """What identifies a patient in a copy (a TIFF, or the folder of a DICOM slide); empty where nothing is found."""
    return check_dicom(path, source) if path.is_dir() else check_tiff(path, source)


def _one(file: SlideFile, row: Mapped, out: Path, key: bytes) -> Mapped:
    try:
        if file.problem is not None:
            raise file.problem
        is_dicom = file.path.suffix.lower() == ".dcm"
        if not file.path.is_file():
            raise SlideError("missing_file", "there is no such file", got=file.path)
        if not is_dicom and not is_tiff(file.path):
            raise SlideError(
                "deidentify_unsupported",
                "this format cannot be de-identified here",
                got=file.path.suffix,
                expected="Aperio SVS, generic or OME TIFF, DICOM",
                fix="export the slide as DICOM or pyramidal TIFF first",
            )
        target = out / (row.name if is_dicom else row.name + _suffix(file.path))
        if row.status == "ok" and target.exists() and _digest(target) == row.sha256:
            return row
        removed = _made(file.path, target, is_dicom, key)
        return replace(row, status="ok", reason="", removed=removed, sha256=_digest(target))
    except TumorcastError as error:
        return replace(row, status="failed", reason=" ".join(str(error).split()), removed="", sha256="")
    except Exception as error:  # whatever one slide does must not sink the others
        reason = f"unexpected: {type(error).__name__}: {' '.join(str(error).split())}"
        return replace(row, status="failed", reason=reason, removed="", sha256="")


def _made(source: Path, target: Path, is_dicom: bool, key: bytes) -> str:
    """Write, check, and only then give the copy its name."""
    temporary = partial_path(target)
    try:
        removed = copy_dicom(source, temporary, key) if is_dicom else copy_tiff(source, temporary).told
        left = check_copy(temporary, source)
        if left:
            raise SlideError(
                "identifying",
                "something that may identify the patient is left, so there is no copy",
                got="; ".join(left[:5]),
                fix="report this slide's format; export it as DICOM or pyramidal TIFF and try again",
            )
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(temporary, target)
        return removed
    finally:
        shutil.rmtree(temporary, ignore_errors=True) if temporary.is_dir() else temporary.unlink(
            missing_ok=True
        )


def _suffix(path: Path) -> str:
    return ".ome.tif" if re.search(r"\.ome\.tiff?$", path.name, re.IGNORECASE) else path.suffix.lower()


def _digest(path: Path) -> str:
    if path.is_dir():
        parts = [_digest(each) for each in sorted(path.iterdir())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_places(files: Sequence[SlideFile], out: Path, mapping: Path) -> None:
    folder = out.resolve()
    if mapping.resolve().is_relative_to(folder):
        raise InputError(
            "the mapping would lie among the copies, which it undoes",
            got=mapping,
            fix="keep it elsewhere: whoever has it can tell whose slides these are",
        )
    for file in files:
        if file.path.resolve().is_relative_to(folder):
            raise InputError("the copies would lie among the originals", got=out, fix="give another --out")


def _read_mapping(path: Path) -> dict[str, Mapped]:
    if not path.is_file():
        return {}
    known = [field.name for field in fields(Mapped)]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [Mapped(**{key: row.get(key) or "" for key in known}) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "the mapping cannot be read", got=error, expected="a CSV with source,name"
        ) from error
    found = {str((path.parent / row.source).resolve()): row for row in rows}
    names = [row.name for row in rows]
    for row in rows:
        if not _NAME.fullmatch(row.name) or names.count(row.name) > 1:
            raise InputError(
                "the mapping has names that cannot be used",
                got=f"{row.source}: {row.name!r}",
                expected="a name of its own for each slide: letters, digits, _ . -",
            )
    return found


def _named(files: Sequence[SlideFile], known: dict[str, Mapped]) -> dict[str, Mapped]:
    rows = {source: replace(row, source=source) for source, row in known.items()}
    taken = {row.name for row in rows.values()}
    for file in files:
        source = str(file.path.resolve())
        while source not in rows:
            name = f"slide-{secrets.token_hex(6)}"
            if name not in taken:
                taken.add(name)
                rows[source] = Mapped(source, name)
    return rows


def _write_mapping(path: Path, rows: list[Mapped]) -> None:
    """Atomically, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_path(path)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Mapped)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    os.replace(temporary, path)
