"""How much of the backbone's own speed does encoding a slide reach, and what does overlapping bring?

    python benchmarks/encoding.py --work FOLDER [--slide FILE] [--tiles 2500] [--encoder ID] [--repeats 5]

Three things are timed in turns, so that a busy machine slows all of them: the bare backbone on tiles already in
memory (same batches, as many at once), the whole of `encode_slides` on a slide (open, tissue, read, decode,
encode, write), and one process that reads tile by tile through OpenSlide and gives batches of 32 to an encoder on
all cores. Prints medians and ratios of medians; without --slide a simulated slide is drawn once into FOLDER.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import openslide
from PIL import Image

from tumorcast.cli.encode import open_encoder
from tumorcast.cohort.simulate.paint import paint
from tumorcast.cohort.simulate.svs import write_svs
from tumorcast.cohort.simulate.tissue_plan import plan_tissue
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.encoders import OnnxTileEncoder, TileEncoder
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.pipeline import encode_slides
from tumorcast.slides.reader import open_slide
from tumorcast.slides.stopwatch import Stopwatch
from tumorcast.slides.store import read_features
from tumorcast.slides.tiling import TileSettings

_IN_MEMORY = 512


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--slide", type=Path)
    parser.add_argument("--tiles", type=int, default=2500, help="of the simulated slide")
    parser.add_argument("--encoder", default="efficientnet_lite0")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    words = parser.parse_args()
    words.work.mkdir(parents=True, exist_ok=True)
    encoder = open_encoder(words.encoder, device=words.device, allow_download=False)
    settings = TileSettings(encoder.target_mpp, encoder.tile_px)
    path = words.slide or simulated_slide(words.work / f"simulated{words.tiles}.svs", words.tiles)
    compare(path, encoder, settings, words.work / "features", words.repeats)


def simulated_slide(path: Path, n_tiles: int) -> Path:
    """A resection of about `n_tiles` tissue tiles, drawn once."""
    if not path.is_file():
        random = np.random.default_rng(0)
        write_svs(path, paint(plan_tissue(random, n_tiles, 300.0, True), 0, random), 0.5, 20)
    return path


def compare(path: Path, encoder: TileEncoder, settings: TileSettings, out: Path, repeats: int) -> None:
    """The three in turns; the first turn only warms up."""
    file, job = SlideFile("slide", path, "slide"), EncodeJob(encoder, settings, out)
    shutil.rmtree(out, ignore_errors=True)
    (row,) = encode_slides(job, [file], progress=False)
    if row.status != "ok":
        raise SystemExit(f"{path}: {row.reason}")
    coords = read_features(job.store_path(file)).coords
    bare_tiles = tiles_in_memory(path, coords[:_IN_MEMORY], settings)
    plain = all_cores_on_a_batch(encoder)
    profile = ""

    def pipeline() -> None:
        nonlocal profile
        shutil.rmtree(out)
        watch = Stopwatch()
        encode_slides(job, [file], progress=False, watch=watch)
        profile = watch.table()

    ways: dict[str, Callable[[], None]] = {
        "backbone alone": lambda: backbone_alone(bare_tiles, encoder, len(coords)),
        "encode_slides": pipeline,
        "tile by tile": lambda: tile_by_tile(path, coords, plain, settings),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cores: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            wall, cpu = perf_counter(), process_time()
            way()
            seconds[name].append(perf_counter() - wall)
            cores[name].append(process_time() - cpu)
    print(
        f"{path.name}: {len(coords)} tiles, {encoder.id}, batches of {encoder.batch_tiles}, {repeats} turns"
    )
    for name in ways:
        speeds = sorted(len(coords) / each for each in seconds[name])
        core_ms = 1e3 * median(cores[name]) / len(coords)
        print(
            f"{name:16s}{median(speeds):8.0f} tiles/s [{speeds[0]:.0f}, {speeds[-1]:.0f}]"
            f"   {core_ms:6.2f} core-ms a tile"
        )
    ours = median(seconds["encode_slides"])
    print(f"encode_slides / backbone alone: {median(seconds['backbone alone']) / ours:.2f}")
    print(f"encode_slides / tile by tile:   {median(seconds['tile by tile']) / ours:.2f}")
    print(profile)


def tiles_in_memory(path: Path, coords: np.ndarray, settings: TileSettings) -> np.ndarray:
    """uint8 [n, tile_px, tile_px, 3]."""
    with open_slide(path) as slide:
        tiles = [slide.read_tile(int(x), int(y), settings.tile_px, settings.target_mpp) for x, y in coords]
    return np.stack(tiles)


def backbone_alone(tiles: np.ndarray, encoder: TileEncoder, count: int) -> None:
    """`count` tiles, full batches taken from `tiles` in turn."""

    def batch(done: int) -> None:
        size = min(encoder.batch_tiles, count - done)
        start = done % max(len(tiles) - size, 1)
        encoder.encode(tiles[start : start + size])

    with ThreadPoolExecutor(encoder.lanes) as pool:
        list(pool.map(batch, range(0, count, encoder.batch_tiles)))


def all_cores_on_a_batch(encoder: TileEncoder) -> TileEncoder:
    """The same encoder as other tools run it: one batch at a time, of 32 tiles."""
    if not isinstance(encoder, OnnxTileEncoder):
        return encoder
    plain = OnnxTileEncoder(encoder.path, lanes=1)
    plain.batch_tiles = 32
    return plain


def tile_by_tile(path: Path, coords: np.ndarray, encoder: TileEncoder, settings: TileSettings) -> None:
    """Reading, decoding and encoding one after the other; the grid and the tissue are given for nothing."""
    slide = openslide.OpenSlide(path)
    mpp = float(slide.properties["openslide.mpp-x"])
    level = slide.get_best_level_for_downsample(settings.target_mpp / mpp * 1.01)
    read_px = round(settings.tile_um / (mpp * slide.level_downsamples[level]))
    batch, features = [], []
    for number, (x, y) in enumerate(coords.tolist(), start=1):
        tile = slide.read_region((x, y), level, (read_px, read_px)).convert("RGB")
        if read_px != settings.tile_px:
            tile = tile.resize((settings.tile_px, settings.tile_px), Image.Resampling.BILINEAR)
        batch.append(np.asarray(tile))
        if len(batch) == encoder.batch_tiles or number == len(coords):
            features.append(encoder.encode(np.stack(batch)))
            batch = []
    np.concatenate(features)


if __name__ == "__main__":
    main()
