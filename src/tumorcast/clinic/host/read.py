"""A folder with pgx.json, pgs.json or clock.json -> `HostFindings` of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tumorcast.clinic.host.clock_file import read_methylomes
from tumorcast.clinic.host.findings import HostFindings
from tumorcast.clinic.host.pgs_file import read_scores
from tumorcast.clinic.host.pgx_file import read_pharmacogenes
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.domain.errors import InputError

FILES = ("pgx.json", "pgs.json", "clock.json")
"""One each of `tumorcast pgx`, `pgs` and `clock`."""
_EXPECTED = f"a folder with one or more of {', '.join(FILES)}, or a sub-folder for each"


def host_files(folder: Path) -> dict[str, Path]:
    """Name of `FILES` -> the file, in the folder or in a sub-folder of it.

    Raises:
        InputError: no folder, none of the files, or one of them twice.
    """
    if not folder.is_dir():
        raise InputError("the host's findings are not a folder", got=folder.name, expected=_EXPECTED)
    found: dict[str, Path] = {}
    for name in FILES:
        paths = [path for path in (folder / name, *sorted(folder.glob(f"*/{name}"))) if path.is_file()]
        if len(paths) > 1:
            raise InputError(f"the folder holds {len(paths)} files {name}", expected="one", fix="keep one")
        if paths:
            found[name] = paths[0]
    if not found:
        raise InputError("the folder holds no findings of the host", got=folder.name, expected=_EXPECTED)
    return found


def read_host(files: Path | Mapping[str, Path], wanted: Wanted | None = None) -> HostFindings:
    """What the files say of one patient.

    Args:
        files: a folder as for `host_files`, or what that returns.
        wanted: how the patient's samples are found; None: each file must have one.

    Raises:
        InputError: a foreign or contradictory file, a sample that is in none, or several of which none is said.
    """
    paths = host_files(files) if isinstance(files, Path) else files
    asked = wanted or Wanted()
    pgx, pgs, clock = (paths.get(name) for name in FILES)
    return HostFindings(
        pgx and read_pharmacogenes(pgx, asked),
        pgs and read_scores(pgs, asked),
        read_methylomes(clock, asked) if clock else (),
    )
