"""Host findings of a case: which files they are, whether an upload is one, whose sample it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tumorcast.clinic.host.read import read_tables
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.domain.errors import InputError
from tumorcast.lab.cases import Kind
from tumorcast.lab.errors import WrongFileError
from tumorcast.serve.host import Host, read_host

HOST_FILES: dict[Kind, str] = {
    "pharmacogenes": "pgx.json", "polygenic_scores": "pgs.json", "clocks": "clock.json",
}  # fmt: skip


def check_upload(path: Path, kind: Kind) -> None:
    """Raise `WrongFileError` where a JSON is not the kind's, or contradicts itself."""
    try:
        read_tables({HOST_FILES[kind]: path})
    except InputError as error:
        raise WrongFileError(error.what, got=error.got, expected=error.expected, fix=error.fix) from None


def host_of(paths: Mapping[Kind, Path], patient_id: str) -> Host | None:
    """What the files of a case say of the host; None: the case has none.

    Raises:
        InputError: a file that cannot be used.
    """
    files = {HOST_FILES[kind]: path for kind, path in paths.items()}
    if not files:
        return None
    return replace(read_host(files, takes_only=True, begins=patient_id), digests=())


def wanted_of(*names: str) -> Wanted:
    """How the patient's samples are found in a file of the host: by the patient's name and those of the case's samples,
    as a report finds them."""
    return Wanted(also_called=names, begins=names[0])
