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
    found = read_host(files, takes_only=True, begins=patient_id)
    return replace(found, tumours=frozenset([tumour_of(patient_id)]), digests=())


def tumour_of(patient_id: str) -> str:
    """Under which name the case's tumour stands in its study."""
    return f"{patient_id}-T1"


def wanted_of(patient_id: str) -> Wanted:
    """How the patient's samples are found in a file of the host, as a report finds them; the case's tumour is none of
    the host's."""
    tumour = tumour_of(patient_id)
    return Wanted(also_called=(patient_id, tumour), begins=patient_id, tumours=frozenset([tumour]))
