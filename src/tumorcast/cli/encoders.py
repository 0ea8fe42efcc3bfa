"""`tumorcast encoders [NAME]`: the tile encoders that can be called by name."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.slides.encoder_catalogue import EncoderRecord
    from tumorcast.slides.slide_encoders import SlideEncoderRecord


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "encoders",
        help="list the tile encoders that can be called by name",
        description="Without NAME a table; with NAME all that is known of one encoder and how to get its weights.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="id or alias")
    parser.add_argument("--of-slides", action="store_true", help="list encoders of whole slides instead")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print."""
    from tumorcast.domain.errors import InputError, did_you_mean
    from tumorcast.slides.encoder_catalogue import find_record, names
    from tumorcast.slides.slide_encoders import RECORDS, find_slide_encoder

    if args.name is None:
        print(slide_table() if args.of_slides else table())
        return 0
    record = find_record(args.name)
    of_slides = find_slide_encoder(args.name) if record is None or args.of_slides else None
    if of_slides is not None:
        print(details_of_slides(of_slides))
        return 0
    if record is None:
        known = [*names(), *(each.name for each in RECORDS)]
        raise InputError("no such encoder", got=args.name, fix=did_you_mean(args.name, known))
    print(details(record))
    return 0


def table() -> str:
    """One line an encoder."""
    from tumorcast.slides.encoder_catalogue import RECORDS

    head = ("name", "um/px", "tile px", "width", "licence", "access", "also called")
    rows = [("efficientnet_lite0", "0.5", "224", "1280", "Apache-2.0", "installed", "")]
    rows += [
        (
            record.id,
            f"{record.target_mpp:g}",
            str(record.tile_px),
            str(record.width),
            record.licence,
            "on request" if record.gated else "free",
            ", ".join(record.aliases),
        )
        for record in RECORDS
    ]
    ends = "any model of timm: timm:MODEL@WEIGHTS, or hub:MODEL with --allow-download"
    return "\n".join([*_aligned(head, rows), ends])


def slide_table() -> str:
    """One line an encoder of whole slides."""
    from tumorcast.slides.slide_encoders import RECORDS

    head = ("name", "of tiles by", "width", "licence")
    rows = [(each.name, each.tile_encoder, str(each.width), each.licence) for each in RECORDS]
    return "\n".join(_aligned(head, rows))


def _aligned(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    )
    return [line.rstrip() for line in lines]


def details_of_slides(record: SlideEncoderRecord) -> str:
    """All that is known of an encoder of whole slides."""
    from tumorcast.slides.slide_encoders import slide_encoder_id

    facts = {
        "name": slide_encoder_id(record.name),
        "is": record.title,
        "takes": f"features of tiles by {record.tile_encoder}",
        "features": f"{record.width} a slide",
        "licence": f"{record.licence} (the publisher's page decides)",
        "embeddings": "are read from files (docs/stores.md), not made here",
    }
    return "\n".join(f"{name:12s} {value}" for name, value in facts.items())


def details(record: EncoderRecord) -> str:
    """All that is known of one."""
    from tumorcast.slides.encoder_terms import how_to_get

    pooling = {
        "class": "class token",
        "class+mean": "class token and mean of the patch tokens",
        "attention": "attention of one learned query",
        "mean": "mean over the last feature map",
    }[record.pooling]
    seen = f"resized to {record.resize_px} px ({record.interpolation}), centre {record.input_px} px"
    facts = {
        "name": record.id,
        "is": record.title,
        "also called": ", ".join(record.aliases),
        "tiles": f"{record.tile_px} px at {record.target_mpp:g} um/px ({record.field_um:g} um), {seen}",
        "intensities": f"mean {record.norm[0]}, standard deviation {record.norm[1]}",
        "features": f"{record.width}: {pooling}",
        "licence": f"{record.licence} (the publisher's page decides)",
        "access": "granted by the publisher on request" if record.gated else "free",
        "weights": how_to_get(record),
        "note": record.note,
    }
    return "\n".join(f"{name:12s} {value}" for name, value in facts.items() if value)
