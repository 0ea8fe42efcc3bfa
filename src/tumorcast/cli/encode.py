"""`tumorcast encode STUDY_OR_SLIDES... --out DIR`: slides to feature stores."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.slides.discover import SlideFile
    from tumorcast.slides.encoders import OnnxTileEncoder, TileEncoder
    from tumorcast.slides.job import EncodeJob
    from tumorcast.slides.report import ReportRow

TORCH_INSTALL = "pip install '.[train]' in the project's folder"


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "encode",
        help="turn whole-slide images into tile features",
        description=(
            "Write DIR/SLIDE.h5 for every slide and DIR/slides_report.csv with a row for every file found. "
            "Interrupted runs go on: finished slides are kept. Exit code: 0 if any slide has features, "
            "1 if none has, 2 for a mistake in the command."
        ),
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="STUDY_OR_SLIDES",
        help="study folder (its slides.csv is used), folder to search recursively, or slide files",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the features")
    parser.add_argument(
        "--encoder",
        default="efficientnet_lite0",
        metavar="ID|FILE.onnx",
        help="efficientnet_lite0 (default), a name that `tumorcast encoders` lists or timm:MODEL, each with "
        "@WEIGHTS, hub:MODEL, tuned@WEIGHTS of `tumorcast finetune`, or an ONNX file",
    )
    parser.add_argument("--target-mpp", type=float, metavar="X", help="um/px of the tiles (encoder's own)")
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where a file does not say it"
    )
    parser.add_argument("--tile-px", type=int, metavar="N", help="side of a tile in pixels (encoder's own)")
    parser.add_argument(
        "--min-tissue", type=float, default=0.25, metavar="SHARE", help="least tissue in a tile, 0..1 (0.25)"
    )
    parser.add_argument(
        "--overlap", type=float, default=0.0, metavar="SHARE", help="of a tile's side with the next one's (0)"
    )
    parser.add_argument(
        "--context-mpp",
        type=float,
        metavar="X",
        help="also encode a larger field around each tile at X um/px",
    )
    parser.add_argument(
        "--any-stain", action="store_true", help="encode slides too that are not stained with H&E"
    )
    parser.add_argument("--overlay", action="store_true", help="also draw SLIDE.overlay.png")
    parser.add_argument("--allow-download", action="store_true", help="let published weights be fetched")
    parser.add_argument("--profile", action="store_true", help="tell where the time went")
    _add_team(parser)
    parser.set_defaults(run=run)


def _add_team(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that share the slides (1; with --engine ray: one a GPU or node)",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="who starts them: this machine (default), Ray",
    )
    parser.add_argument(
        "--device", default="cpu", metavar="cpu|cuda[:N]", help="where the encoder runs (cpu)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(args: argparse.Namespace) -> int:
    """Encode; returns 0 if any slide has features, else 1."""
    from tumorcast.slides.discover import find_slides
    from tumorcast.slides.pipeline import encode_slides
    from tumorcast.slides.stopwatch import Stopwatch

    files = find_slides(args.inputs)
    is_team = args.engine == "ray" or (args.workers or 1) > 1
    job = make_job(args, "cpu" if is_team else args.device)  # a team's processes open their own
    if is_team:
        rows = _with_team(args, job, files)
    else:
        watch = Stopwatch()
        rows = encode_slides(job, files, not args.quiet, watch)
        if args.profile:
            print(watch.table())
    print(summary(rows, args.out))
    return 0 if any(row.status != "failed" for row in rows) else 1


def make_job(args: argparse.Namespace, device: str) -> EncodeJob:
    """What the arguments ask for every slide."""
    from tumorcast.slides.job import EncodeJob
    from tumorcast.slides.mpp import check_given_mpp
    from tumorcast.slides.tiling import TileSettings

    if args.slide_mpp is not None:
        check_given_mpp(args.slide_mpp, "--slide-mpp")
    encoder = open_encoder(args.encoder, args.tile_px, device=device, allow_download=args.allow_download)
    settings = TileSettings(
        encoder.target_mpp if args.target_mpp is None else args.target_mpp,
        encoder.tile_px if args.tile_px is None else args.tile_px,
        args.min_tissue,
        args.overlap,
        args.context_mpp,
    )
    encoder.check_tile_px(settings.tile_px)
    return EncodeJob(encoder, settings, args.out, args.slide_mpp, args.overlay, args.any_stain)


def _with_team(args: argparse.Namespace, job: EncodeJob, files: list[SlideFile]) -> list[ReportRow]:
    from tumorcast.cli.encode_team import local_team, ray_team
    from tumorcast.slides.ort_session import available_cores
    from tumorcast.slides.pipeline import follow_slides

    words = _words(args)
    if args.encoder.lower().endswith(".onnx"):
        _only_on_cpu(args.device)
    if args.engine == "ray":
        team = ray_team(words, args.workers or 1, args.device)
    else:
        _check_gpus(args.workers, args.device)
        team = local_team(words, args.workers, args.device, available_cores())
    with team as is_over:
        return follow_slides(job, files, is_over, not args.quiet)


def _check_gpus(workers: int, device: str) -> None:
    """Each process of this machine takes the next GPU; InputError where there are fewer."""
    if device == "cpu":
        return
    import torch

    from tumorcast.domain.errors import InputError

    if workers > torch.cuda.device_count():
        raise InputError(
            "there are fewer GPUs than processes",
            got=f"--workers {workers}, {torch.cuda.device_count()} GPUs that torch sees",
            expected="one GPU a process",
            fix="give fewer --workers, or leave --device out",
        )


def _words(args: argparse.Namespace) -> list[str]:
    """The command of one process of the team."""
    words = ["encode", *map(str, args.inputs), "--out", str(args.out), "--encoder", args.encoder, "--quiet"]
    for name in ("target_mpp", "slide_mpp", "tile_px", "min_tissue", "overlap", "context_mpp"):
        value = getattr(args, name)
        words += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
    flags = [name for name in ("overlay", "any_stain", "profile") if getattr(args, name)]
    return [*words, *(f"--{name.replace('_', '-')}" for name in flags)]


def open_encoder(
    encoder_id: str, tile_px: int | None = None, *, device: str = "cpu", allow_download: bool = False
) -> TileEncoder:
    """The encoder: ONNX Runtime on the CPU, torch on a GPU; exported once into the cache, which alone needs torch.

    Features of both carry the digest of the exported graph: they are of one encoder.

    Raises:
        InputError: an unknown id, unusable weights, no such device, or torch is needed and not installed.
    """
    from tumorcast.slides.encoder_cache import cached_encoder_path
    from tumorcast.slides.encoders import OnnxTileEncoder

    if encoder_id.lower().endswith(".onnx"):
        _only_on_cpu(device)
        return OnnxTileEncoder(encoder_id)
    path = cached_encoder_path(encoder_id, tile_px)
    if not path.is_file():
        _export(encoder_id, tile_px, allow_download)
    exported = OnnxTileEncoder(path)
    return exported if device == "cpu" else _on_device(encoder_id, exported, device, allow_download)


def _only_on_cpu(device: str) -> None:
    from tumorcast.domain.errors import InputError

    if device != "cpu":
        raise InputError(
            "ONNX files are encoded on the CPU",
            got=f"--device {device}",
            fix="give the encoder's name instead",
        )


def _on_device(encoder_id: str, exported: OnnxTileEncoder, device: str, allow_download: bool) -> TileEncoder:
    from tumorcast.domain.errors import InputError

    try:
        from tumorcast.nn.torch_encoder import TorchTileEncoder
    except ImportError as error:
        raise InputError("encoding on a GPU needs torch", got=error, fix=TORCH_INSTALL) from error
    return TorchTileEncoder(
        encoder_id, exported.sha256, exported.tile_px, device, allow_download=allow_download
    )


def _export(encoder_id: str, tile_px: int | None, allow_download: bool) -> None:
    import os
    import sys

    from tumorcast.domain.errors import InputError

    if allow_download:
        os.environ["HF_HUB_OFFLINE"] = "0"
    print(f"exporting the tile encoder {encoder_id} (once)", file=sys.stderr)
    try:
        from tumorcast.export.tile_encoder import export_tile_encoder
    except ImportError as error:
        raise InputError(
            f"the tile encoder {encoder_id} is not in the cache and making it needs torch",
            got=error,
            fix=f"give --encoder BUNDLE/tile_encoder.onnx, or {TORCH_INSTALL}",
        ) from error
    export_tile_encoder(encoder_id, tile_px=tile_px, allow_download=allow_download)


def summary(rows: list[ReportRow], out: Path) -> str:
    """What was done, for the screen; failures by name."""
    counts = {status: sum(row.status == status for row in rows) for status in ("ok", "skipped", "failed")}
    tiles, seconds = sum(row.n_tiles for row in rows), sum(row.seconds for row in rows)
    lines = [f"  failed {row.slide_id}: {row.reason.split(';')[0]}" for row in rows if row.status == "failed"]
    if len(lines) > 20:
        lines = [*lines[:20], f"  and {len(lines) - 20} more"]
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    return "\n".join([f"{len(rows)} slides: {told}; {tiles} tiles, {seconds:.0f} s", *lines, f"in {out}"])
