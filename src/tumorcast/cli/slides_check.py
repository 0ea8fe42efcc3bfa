"""`tumorcast slides check STUDY_OR_SLIDES...`: format, pixel size, tissue and problems of every slide."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.slides.tiling import TileSettings


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "check",
        help="tell what encoding the slides will meet, before hours are spent",
        description=(
            "Opens every slide and finds its tissue, without encoding it."
            " Exit code: 0 if every slide can be encoded, 1 otherwise, 2 for a mistake in the command."
        ),
    )
    parser.add_argument("inputs", nargs="+", metavar="STUDY_OR_SLIDES", help="as for tumorcast encode")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the table there too")
    parser.add_argument(
        "--encoder", default="efficientnet_lite0", metavar="NAME", help="whose tiles (default: %(default)s)"
    )
    parser.add_argument("--target-mpp", type=float, metavar="X", help="um/px of the tiles (encoder's own)")
    parser.add_argument("--tile-px", type=int, metavar="N", help="side of a tile in pixels (encoder's own)")
    parser.add_argument(
        "--min-tissue", type=float, default=0.25, metavar="SHARE", help="least tissue in a tile (0.25)"
    )
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where a file does not say it"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check; 0 if every slide can be encoded."""
    from tumorcast.slides.check import as_text, check_slides, summary, write_checks
    from tumorcast.slides.discover import find_slides
    from tumorcast.slides.mpp import check_given_mpp

    if args.slide_mpp is not None:
        check_given_mpp(args.slide_mpp, "--slide-mpp")
    settings = _settings(args)
    rows = check_slides(find_slides(args.inputs), settings, args.slide_mpp, not args.quiet)
    print(as_text(rows))
    print(summary(rows, settings))
    if args.out is not None:
        write_checks(args.out, rows)
        print(f"table in {args.out}")
    return 1 if any(row.problem for row in rows) else 0


def _settings(args: argparse.Namespace) -> TileSettings:
    """The tiles of the encoder, as far as its name tells them, else 224 px at 0.5 um/px."""
    from tumorcast.slides.encoder_catalogue import find_record
    from tumorcast.slides.encoder_names import parse_encoder
    from tumorcast.slides.tiling import TileSettings

    mpp, side = 0.5, 224
    record = find_record(parse_encoder(args.encoder).model)
    if record is not None:
        mpp, side = record.target_mpp, record.tile_px
    elif args.encoder.lower().endswith(".onnx"):
        from tumorcast.slides.encoders import OnnxTileEncoder

        encoder = OnnxTileEncoder(args.encoder)
        mpp, side = encoder.target_mpp, encoder.tile_px
    return TileSettings(args.target_mpp or mpp, args.tile_px or side, args.min_tissue)
