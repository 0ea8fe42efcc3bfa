"""`tumorcast COMMAND ...`: one file a command, imported only when asked for."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from tumorcast import __version__
from tumorcast.domain.errors import TumorcastError

COMMANDS = (
    "simulate",
    "encode",
    "encoders",
    "quantise",
    "finetune",
    "slides",
    "import_",
    "derive",
    "recist",
    "pgx",
    "pgs",
    "clock",
    "twin",
    "prepare",
    "train",
    "search",
    "runs",
    "mlflow",
    "launch",
    "biomarkers",
    "export",
    "bundle",
    "predict",
    "report",
    "rank",
    "curves",
    "landmark",
    "recalibrate",
    "lab",
    "serve",
    "evaluate",
    "site",
)
_OFFLINE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a mistake of the user's is told in a few lines, without a traceback.

    Returns:
        0 done, 2 a mistake in the input, 130 interrupted.
    """
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    for name, value in _OFFLINE.items():
        os.environ.setdefault(name, value)
    parser = argparse.ArgumentParser(
        prog="tumorcast",
        description="Predicts how a tumour will respond to a treatment. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"tumorcast {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"tumorcast.cli.{name}").add_parser(subparsers)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except TumorcastError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
