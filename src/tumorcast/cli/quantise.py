"""`tumorcast quantise ENCODER --to int8 --slides ... --out FILE.onnx`: a tile encoder in fewer bits."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "quantise",
        help="make a tile encoder of fewer bits, and tell how far its features are from the encoder's",
        description=(
            "The file is an encoder of its own: encode the training slides with it (tumorcast encode --encoder"
            " FILE.onnx) and train, and the bundle is bound to it; bundles of the other encoder refuse its features."
        ),
    )
    parser.add_argument("encoder", metavar="ENCODER", help="name, or FILE.onnx")
    parser.add_argument("--to", choices=["int8", "fp16"], required=True, help="of weights and activations")
    parser.add_argument(
        "--slides",
        nargs="+",
        required=True,
        metavar="STUDY_OR_SLIDES",
        help="whose tiles calibrate and measure",
    )
    parser.add_argument(
        "--tiles", type=int, default=32, metavar="N", help="of each slide (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.onnx")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Quantise, measure, tell."""
    from tumorcast.cli.encode import open_encoder
    from tumorcast.domain.errors import InputError
    from tumorcast.export.quantise import quantise_encoder, tiles_of_slides
    from tumorcast.slides.discover import READY_SUFFIXES, find_slides
    from tumorcast.slides.encoders import OnnxTileEncoder

    encoder = open_encoder(args.encoder)
    if not isinstance(encoder, OnnxTileEncoder):
        raise InputError("only encoders on ONNX Runtime can be quantised", got=args.encoder)
    paths = [slide.path for slide in find_slides(args.slides) if slide.path.suffix not in READY_SUFFIXES]
    found = quantise_encoder(encoder, args.to, tiles_of_slides(paths, encoder, args.tiles), args.out)
    print(
        f"{encoder.id}+{args.to} in {args.out}\n"
        f"cosine with {encoder.id}: median {found.cosine_median:.4f}, least {found.cosine_least:.4f}"
        f" ({found.n_tiles} tiles that did not calibrate)\n"
        f"time of a batch: {found.time_ratio:.2f} times {encoder.id}'s, on this machine"
    )
    if found.time_ratio > 1:
        print("it is slower here: keep the encoder as it is")
    return 0
