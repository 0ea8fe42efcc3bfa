"""Options of the commands that tell findings of the host beside a prediction."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tumorcast.readers.study import Study
    from tumorcast.serve.host import Host


def add_host_options(parser: argparse.ArgumentParser | Any, said: str) -> None:
    """`--host` and `--host-sample`.

    Args:
        said: outputs of which commands, and what of them is told.
    """
    parser.add_argument("--host", type=Path, metavar="FOLDER", help=said)
    parser.add_argument(
        "--host-sample",
        action="append",
        default=[],
        metavar="ID",
        help="with --host, of one patient: the sample's name in these files; may be given several times",
    )


def host_of(args: argparse.Namespace, study: Study, patients: Sequence[str]) -> Host | None:
    """Read and checked before anything is made; of one patient also whose sample it is.

    Raises:
        InputError: a foreign or contradictory file, a sample of several patients or without files, a sample that is not
            there or is a tumour, or several of which none is said.
    """
    from tumorcast.domain.errors import InputError
    from tumorcast.serve.host import read_host

    if args.host is None:
        if args.host_sample:
            raise InputError("--host-sample names a sample of the host's files", fix="add --host FOLDER")
        return None
    is_one = len(patients) == 1
    if args.host_sample and not is_one:
        raise InputError("--host-sample is of one patient", got=f"{len(patients)} patients")
    host = read_host(args.host, args.host_sample, is_one)
    if is_one:
        host.of_patient(study, patients[0])
    return host
