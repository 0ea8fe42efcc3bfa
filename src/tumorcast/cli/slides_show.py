"""`tumorcast slides show SLIDE --out DIR [--scores CSV]`: a zoomable page, a sheet of tiles, GeoJSON for QuPath."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "show",
        help="a zoomable page of a slide with the scores of its tiles, a sheet of tiles, GeoJSON for QuPath",
        description=(
            "Writes DIR/page/index.html (opens from disk, without a server) and, with --scores, DIR/tiles.png and"
            " DIR/scores.geojson. The page needs the viewer: see tumorcast slides viewer."
        ),
    )
    parser.add_argument("slide", type=Path, metavar="SLIDE", help="slide file")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--scores",
        type=Path,
        metavar="CSV",
        help="x, y and score of tiles, as tumorcast predict --attention writes",
    )
    parser.add_argument("--column", default="weight", metavar="NAME", help="of the scores (%(default)s)")
    parser.add_argument(
        "--slide-id", metavar="ID", help="the slide's id in the table (file name without suffix)"
    )
    parser.add_argument(
        "--tile-um", type=float, default=112.0, metavar="X", help="side of a tile (%(default)s)"
    )
    parser.add_argument(
        "--page-mpp", type=float, default=1.0, metavar="X", help="finest um/px of the page (1.0)"
    )
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where the file does not say it"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write; returns 0."""
    from tumorcast.slides.reader import open_slide
    from tumorcast.slides.show.geojson import write_geojson
    from tumorcast.slides.show.page import write_page
    from tumorcast.slides.show.scores import read_scores
    from tumorcast.slides.show.sheet import draw_sheet

    scores = None
    if args.scores is not None:
        scores = read_scores(args.scores, args.slide_id or args.slide.stem, args.column)
    with open_slide(args.slide, args.slide_mpp) as slide:
        if scores is not None:
            draw_sheet(slide, scores, args.tile_um, args.out / "tiles.png")
            write_geojson(args.out / "scores.geojson", scores, args.tile_um / slide.mpp)
        page = write_page(slide, scores, args.tile_um, args.out / "page", args.page_mpp, not args.quiet)
    megabytes = sum(path.stat().st_size for path in page.parent.rglob("*") if path.is_file()) / 1e6
    print(f"page     {page} ({megabytes:.1f} MB; opens in a browser, also offline)")
    if scores is not None:
        print(f"tiles    {args.out / 'tiles.png'}\nQuPath   {args.out / 'scores.geojson'}")
    return 0
