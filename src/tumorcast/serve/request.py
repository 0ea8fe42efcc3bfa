"""`Request`: what is asked of a prediction beside the bundle and the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tumorcast.serve.policy import STRICT, Policy


@dataclass(frozen=True)
class Request:
    """What is asked for beside the bundle and the study.

    Attributes:
        features: folder of ready tile features; None: the bundle's encoder makes them.
        cache: where it puts them.
        slide_mpp: um/px of level 0 that stands in where a slide does not say it.
        any_stain: use slides too that are not stained with haematoxylin and eosin.
        trust_features: use features that do not say by which encoder they were made: the user vouches for them.
        demonstrate: give watermarked numbers where the model would refuse patients that it does not know.
        policy: what the lab decided about the guards.
        overlays: folder for pictures of the attention over tiles; None: none are drawn.
        with_attention: also return the attention of tiles and genes.
        with_occlusion: also return the occlusion scores of tiles.
        progress: show progress on stderr.
        on_tiles: told (tiles done, of how many) of the slide that is being encoded.
    """

    cache: Path
    features: Path | None = None
    slide_mpp: float | None = None
    any_stain: bool = False
    trust_features: bool = False
    demonstrate: bool = False
    policy: Policy = STRICT
    overlays: Path | None = None
    with_attention: bool = False
    with_occlusion: bool = False
    progress: bool = False
    on_tiles: Callable[[int, int], None] | None = None
