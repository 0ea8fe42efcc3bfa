"""`tumorcast slides viewer [--from FILE.tgz]`: install the viewer of zoomable pages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "viewer",
        help="install the viewer of zoomable pages (OpenSeadragon) into the cache",
        description="Fetches the registry package with npm, or takes it from a file; its checksum is known.",
    )
    parser.add_argument("--from", dest="package", type=Path, metavar="FILE.tgz", help="what npm pack wrote")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Install; returns 0."""
    from tumorcast.slides.show.viewer import install_viewer

    print(f"installed in {install_viewer(args.package)}")
    return 0
