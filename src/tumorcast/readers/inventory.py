"""Which files a study folder holds: digests, and files that no meta file names or that are not UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import digest, is_utf8
from tumorcast.readers.host_tables import HOST_FILES
from tumorcast.readers.meta import MetaFile


def read_by_name(folder: Path) -> list[Path]:
    """Files that are read wherever they are there: no other file names them."""
    named = [*folder.glob("meta_*.txt"), folder / "slides.csv", *folder.glob("case_lists/*.txt")]
    return [path for path in sorted(named) if path.is_file()]


def take_inventory(folder: Path, metas: Sequence[MetaFile], report: list[Exclusion]) -> dict[str, str]:
    """File name within the study -> sha256, for every file that was read.

    Reports data files that no meta file names (they are not read), and files with bytes that are not UTF-8
    (the characters in question are read as U+FFFD).
    """
    named = {meta.data for meta in metas if meta.keys.get("data_filename")}
    own = {path for name in HOST_FILES.values() if (path := folder / name).is_file()}
    for path in sorted({*folder.glob("data_*"), *own} - named):
        report.append(Exclusion("layer", path.name, "no_meta_file", "no meta_*.txt names it: not read"))
    paths = {meta.path for meta in metas} | named
    paths |= set(read_by_name(folder))
    found = [path for path in sorted(paths) if path.is_file()]
    for path in found:
        if not is_utf8(path):
            told = "bytes that are not UTF-8 are read as U+FFFD; save the file as UTF-8"
            report.append(Exclusion("layer", path.name, "not_utf8", told))
    return {path.relative_to(folder).as_posix(): digest(path) for path in found}
