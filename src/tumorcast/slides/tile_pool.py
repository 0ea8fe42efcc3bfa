"""Some tiles of each slide, drawn once and kept on disk as pixels: training on pixels reads no slides."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tumorcast.domain.errors import SlideError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.slides.discover import READY_SUFFIXES, SlideFile
from tumorcast.slides.ort_session import available_cores
from tumorcast.slides.owner import written_whole
from tumorcast.slides.quality import judge_grid
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.stain import check_stain, slide_stain
from tumorcast.slides.tiling import TileSettings
from tumorcast.slides.tissue import find_tissue

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class KeptTiles:
    """Tiles of one slide: `count` of uint8 [count, px, px, 3] in `path`, of `in_slide` that it has."""

    slide_id: str
    path: Path
    count: int
    in_slide: int

    def read(self, rows: NDArray[np.int64]) -> U8:
        """Tiles of these numbers."""
        return np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False)[rows])


def keep_tiles(
    files: Sequence[SlideFile],
    settings: TileSettings,
    count: int,
    folder: Path,
    seed: int,
    progress: bool = True,
) -> tuple[dict[str, KeptTiles], list[Exclusion]]:
    """At most `count` random tiles of each slide, those without flags first; slides that are kept are left as they are.

    Tissue, stain and tiles are judged as in `tumorcast encode`. A slide's draw depends on the seed and its name alone.

    Returns:
        By slide id what is kept, and the slides that could not be used.
    """
    kept, lost = {}, []

    def keep(file: SlideFile) -> KeptTiles | Exclusion:
        try:
            return _keep_one(file, settings, count, folder / f"{file.store_name}.npy", seed)
        except Exception as error:  # whatever one slide does must not sink the others
            code = error.code if isinstance(error, SlideError) else "unreadable"
            return Exclusion("slide", file.slide_id, code, str(error).splitlines()[0])

    with ThreadPoolExecutor(available_cores()) as pool:
        found = tqdm(
            pool.map(keep, files), total=len(files), desc="keeping tiles", unit="slide", disable=not progress
        )
        for each in found:
            if isinstance(each, KeptTiles):
                kept[each.slide_id] = each
            else:
                lost.append(each)
    return kept, lost


def _keep_one(file: SlideFile, settings: TileSettings, count: int, path: Path, seed: int) -> KeptTiles:
    if file.problem is not None:
        raise file.problem
    if file.path.suffix in READY_SUFFIXES:
        raise SlideError(
            "ready_features", "there are features of this slide, but no pixels", got=file.path.name
        )
    told = path.with_suffix(".count")
    if not (path.is_file() and told.is_file()):
        with open_slide(file.path, None, file.mpp) as slide:
            tiles, in_slide = _drawn(
                slide, settings, count, np.random.default_rng([seed, *file.slide_id.encode()])
            )
        with written_whole(told) as temporary:
            temporary.write_text(str(in_slide), encoding="utf-8")
        with written_whole(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, tiles, allow_pickle=False)
    kept = len(np.load(path, mmap_mode="r", allow_pickle=False))
    return KeptTiles(file.slide_id, path, kept, int(told.read_text(encoding="utf-8")))


def _drawn(slide: Slide, settings: TileSettings, count: int, random: np.random.Generator) -> tuple[U8, int]:
    """Tiles [k, px, px, 3], k <= count, and how many the slide has; SlideError where none can be read."""
    tissue = find_tissue(slide)
    check_stain(slide_stain(slide, tissue))
    grid = judge_grid(slide, tissue, settings)
    order = random.permutation(len(grid.coords))
    order = order[np.argsort(grid.flags[order] > 0, kind="stable")]
    found: list[U8] = []
    for x, y in grid.coords[order].tolist():
        if len(found) == count:
            break
        try:
            found.append(slide.read_tile(x, y, settings.tile_px, settings.target_mpp))
        except SlideError:  # a damaged place
            continue
    if not found:
        raise SlideError("tiles_unreadable", "none of the slide's tiles can be read")
    return np.stack(found), len(grid.coords)
