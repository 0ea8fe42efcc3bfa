"""A folder with pgx.json, pgs.json or clock.json -> `HostFindings` of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from tumorcast.clinic.host.clock_file import read_methylomes
from tumorcast.clinic.host.findings import HostFindings, HostTables
from tumorcast.clinic.host.pgs_file import read_scores
from tumorcast.clinic.host.pgx_file import CSV, read_pharmacogenes
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.domain.errors import InputError

Told = TypeVar("Told")
FILES = ("pgx.json", "pgs.json", "clock.json")
"""One each of `tumorcast pgx`, `pgs` and `clock`; without pgx.json a pgx.csv is taken."""
_EXPECTED = f"a folder with one or more of {', '.join(FILES)}, or a sub-folder for each"


def host_files(folder: Path) -> dict[str, Path]:
    """Name of `FILES` -> the file, in the folder or in a sub-folder of it; one of the files itself may be given, too.

    Raises:
        InputError: no folder, none of the files, or one of them twice.
    """
    if folder.is_file() and folder.name in (*FILES, CSV):
        return {FILES[0] if folder.name == CSV else folder.name: folder}
    if not folder.is_dir():
        raise InputError("the host's findings are not a folder", got=folder.name, expected=_EXPECTED)
    found: dict[str, Path] = {}
    for name in FILES:
        paths = [path for path in (folder / name, *sorted(folder.glob(f"*/{name}"))) if path.is_file()]
        if len(paths) > 1:
            raise InputError(f"the folder holds {len(paths)} files {name}", expected="one", fix="keep one")
        if paths:
            found[name] = paths[0]
    if FILES[0] not in found and (folder / CSV).is_file():
        found[FILES[0]] = folder / CSV
    if not found:
        raise InputError("the folder holds no findings of the host", got=folder.name, expected=_EXPECTED)
    return found


def read_tables(files: Path | Mapping[str, Path]) -> HostTables:
    """All samples of the files.

    Args:
        files: a folder as for `host_files`, or what that returns.

    Raises:
        InputError: a foreign or contradictory file.
    """
    paths = host_files(files) if isinstance(files, Path) else files
    pgx, pgs, clock = (paths.get(name) for name in FILES)
    return HostTables(
        None if pgx is None else read_pharmacogenes(pgx),
        None if pgs is None else read_scores(pgs),
        None if clock is None else read_methylomes(clock),
    )


def findings_of(tables: HostTables, wanted: Wanted) -> HostFindings:
    """What the files say of one patient.

    Of files of several patients (`takes_only` False) one that lacks the patient is told in `absent`.

    Raises:
        InputError: a sample that is in none, or several of which none is said.
    """
    absent: list[str] = []

    def own(samples: Mapping[str, Told] | None, name: str) -> tuple[Told, ...]:
        if samples is None:
            return ()
        chosen = wanted.of(samples, name) if name == FILES[2] else wanted.germline_of(samples, name)
        if not chosen:
            but = "" if name == FILES[2] else " and is not declared to be a tumour"
            absent.append(f"{name} holds no sample that is called as the patient is{but}.")
        return tuple(samples[each] for each in chosen)

    pgx, pgs = own(tables.pgx, FILES[0]), own(tables.pgs, FILES[1])
    methylomes = own(tables.methylomes, FILES[2])
    return HostFindings(pgx[0] if pgx else None, pgs[0] if pgs else None, methylomes, tuple(absent))


def read_host(files: Path | Mapping[str, Path], wanted: Wanted | None = None) -> HostFindings:
    """What the files say of one patient.

    Args:
        files: as for `read_tables`.
        wanted: how the patient's samples are found; None: each file must have one.

    Raises:
        InputError: as `read_tables` and `findings_of`.
    """
    return findings_of(read_tables(files), wanted or Wanted())
