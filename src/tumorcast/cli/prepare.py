"""`tumorcast prepare CONFIG... [key=value...] --out FOLDER`: a study read and checked once, for runs on many files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "prepare",
        help="read, check and pack a cohort once, so that runs open it in seconds",
        description="Writes tables and bags of tiles as a few large files; a run opens them with data.prepared=FOLDER."
        " An interrupted preparation goes on.",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CONFIG.yaml|key=value",
        help="YAML files merged left to right, then dotted.key=value overrides",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--workers", type=int, help="processes that read slides (default: the cores)")
    parser.add_argument(
        "--shard-mib", type=int, default=4096, help="most MiB of one file of tiles (default 4096)"
    )
    parser.add_argument(
        "--most-lost",
        type=float,
        default=0.2,
        metavar="SHARE",
        help="largest share of slides without readable features (default 0.2)",
    )
    parser.add_argument(
        "--check", action="store_true", help="read a prepared folder again and compare every digest"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prepare and say what came of it; 1 where a check finds damage."""
    from tumorcast.cohort.prepared.opening import damaged_bags, damaged_files
    from tumorcast.config import load_config

    if arguments.check:
        files = damaged_files(arguments.out)
        print(f"{len(files)} tables are damaged" + "".join(f"\n  {name}" for name in files))
        lost = [] if files else damaged_bags(arguments.out)
        print(f"{len(lost)} bags are damaged" + "".join(f"\n  {course_id}" for course_id in lost))
        return int(bool(files or lost))
    config = load_config(arguments.words)
    from tumorcast.cohort.prepared.writing import Preparation, prepare
    from tumorcast.slides.ort_session import available_cores
    from tumorcast.training.workspace import find_duplicates

    how = Preparation(
        find_duplicates,
        shard_bytes=max(arguments.shard_mib, 1) << 20,
        workers=arguments.workers or available_cores(),
        progress=sys.stderr.isatty(),
        most_lost=arguments.most_lost,
    )
    told = prepare(config, arguments.out, how)
    size = sum(told.files.values())
    for reason, count in told.left_out.items():
        print(f"noted {count} {reason}")
    print(
        f"{told.courses} courses, {told.tiles} tiles x {told.width} in {len(told.shards)} shards, {size / 1e9:.2f} GB"
        f"\neach note: {arguments.out / 'left_out.csv'}\nuse it: data.prepared={arguments.out}"
    )
    return 0
