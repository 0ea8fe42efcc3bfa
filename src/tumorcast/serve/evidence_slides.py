"""Pictures of the slides under the attention of their tiles, and the tiles of most and least attention."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorcast.clinic.report.record import SlidePicture, Tile
from tumorcast.cohort.bags import TileBag
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.study import Study
from tumorcast.serve.answer import Answer
from tumorcast.serve.attention import LEAST_SPREAD
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.guards.attribution import hidden_attention
from tumorcast.slides.discover import READY_SUFFIXES
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.show.heat import heat_picture, tile_picture
from tumorcast.slides.slide_encoders import is_of_slides

LEGEND = "attention relative to the mean tile: from {low:.3g} (dark) to {high:.3g} (bright) times"
_OUTERMOST = (1, 99)
_NO_TILES = "no picture: the model reads one embedding of the whole slide and sees no tiles"


@dataclass(frozen=True)
class Shown:
    """Slides and tiles of one course."""

    slides: tuple[SlidePicture, ...] = ()
    tiles: tuple[Tile, ...] = ()


def shown_of(bundle: Bundle, study: Study, answer: Answer, n_tiles: int, slide_mpp: float | None) -> Shown:
    """What can be shown of the course's slides; each that cannot be says why.

    Args:
        n_tiles: of the highest, and of the lowest.
        slide_mpp: um/px of level 0 that stands in where a file does not say it.
    """
    bag, weights = answer.bag, answer.said.tile_attention
    if bag is None or not len(bag.coords):
        return Shown()
    if is_of_slides(bag.encoder):
        return Shown(tuple(SlidePicture(name, "", "", 0, _NO_TILES) for name in dict.fromkeys(bag.slide_ids)))
    note = hidden_attention(bundle.manifest).get("tile", "")
    relative = weights.astype(float) * len(weights) if len(weights) else np.ones(len(bag.coords))
    if not note and float(np.ptp(np.percentile(relative, _OUTERMOST))) < LEAST_SPREAD:
        note = "all tiles weigh about the same: colours would show chance"
    drawing = _Drawing(bundle, study, bag, relative, note, slide_mpp)
    with ExitStack() as stack:
        opened = {slide_id: drawing.opened(slide_id, stack) for slide_id in dict.fromkeys(bag.slide_ids)}
        pictures = tuple(drawing.picture(slide_id, slide) for slide_id, slide in opened.items())
        tiles = () if note else tuple(drawing.tiles(opened, n_tiles))
    return Shown(pictures, tiles)


@dataclass(frozen=True)
class _Drawing:
    """One course; `note` says why colours are not drawn, "" where they are."""

    bundle: Bundle
    study: Study
    bag: TileBag
    relative: np.ndarray
    note: str
    slide_mpp: float | None

    @property
    def tile_um(self) -> float | None:
        """Side of a tile."""
        info = self.bundle.manifest.tile_encoder
        return None if info is None else info.tile_um

    def opened(self, slide_id: str, stack: ExitStack) -> Slide | str:
        """The slide, or why it cannot be shown."""
        slides = self.study.slides.set_index("slide_id")
        path, mpp = Path(str(slides["path"][slide_id])), float(slides["mpp"][slide_id])
        if path.suffix in READY_SUFFIXES:
            return "no picture: the slide came as features without an image"
        if self.tile_um is None:
            return "no picture: the size of the tiles is not known"
        if (self.bag.coords[self._of(slide_id)] < 0).any():
            return "no picture: the places of the tiles are not known"
        try:
            return stack.enter_context(open_slide(path, self.slide_mpp, mpp if np.isfinite(mpp) else None))
        except (TumorcastError, OSError) as error:
            return f"no picture: {str(error).splitlines()[0]}"

    def picture(self, slide_id: str, slide: Slide | str) -> SlidePicture:
        """One slide with its heatmap, or why there is none."""
        chosen = self._of(slide_id)
        coords, own = self.bag.coords[chosen], self.relative[chosen]
        side = None if isinstance(slide, str) else float(self.tile_um or 0) / slide.mpp
        heat = () if self.note or side is None else _heat(coords, own)
        if isinstance(slide, str) or side is None:
            return SlidePicture(slide_id, "", "", len(own), "; ".join(filter(None, (str(slide), self.note))))
        low, high = np.percentile(self.relative, _OUTERMOST)
        shares = None if self.note else (own - low) / max(high - low, 1e-9)
        try:
            image = base64.b64encode(heat_picture(slide, coords, shares, side)).decode()
        except (TumorcastError, OSError) as error:
            problem = f"no picture: {str(error).splitlines()[0]}"
            return SlidePicture(slide_id, "", "", len(own), problem, side, heat)
        legend = "" if self.note else LEGEND.format(low=low, high=high)
        return SlidePicture(slide_id, image, legend, len(own), self.note, side, heat)

    def tiles(self, opened: dict[str, Slide | str], count: int) -> Iterator[Tile]:
        """The highest, then the lowest, of the slides that are at hand."""
        order = np.argsort(-self.relative, kind="stable")
        at_hand = [int(k) for k in order if not isinstance(opened[self.bag.slide_ids[k]], str)]
        count = min(count, len(at_hand) // 2)
        for is_top, chosen in ((True, at_hand[:count]), (False, at_hand[::-1][:count])):
            for k in chosen:
                slide, (x, y) = opened[self.bag.slide_ids[k]], (int(v) for v in self.bag.coords[k])
                try:
                    image = tile_picture(slide, (x, y), float(self.tile_um or 0))  # type: ignore[arg-type]
                except (TumorcastError, OSError):
                    continue
                score = round(float(self.relative[k]), 3)
                yield Tile(self.bag.slide_ids[k], x, y, score, is_top, base64.b64encode(image).decode())

    def _of(self, slide_id: str) -> np.ndarray:
        return np.array(self.bag.slide_ids) == slide_id


def _heat(coords: np.ndarray, values: np.ndarray) -> tuple[tuple[int, int, float], ...]:
    return tuple((int(x), int(y), float(f"{v:.4g}")) for (x, y), v in zip(coords, values, strict=True))
