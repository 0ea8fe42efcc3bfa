"""Encoders of whole slides: one vector a slide, made of a tile encoder's features. Their embeddings are read, not made.

Facts are from the models' cards and papers and from TRIDENT's published code (read in 2026). Licences are given for
orientation: the card of the day decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tumorcast.slides.encoder_catalogue import canonical_encoder

OF_SLIDES = "slide:"
"""Begins the id of an encoder of whole slides, so that none is taken for the tile encoder of the same name."""
UNNAMED = "unknown"


@dataclass(frozen=True)
class SlideEncoderRecord:
    """One encoder: its name, the tile encoder whose features it takes, width of its embedding."""

    name: str
    title: str
    tile_encoder: str
    width: int
    licence: str


RECORDS = (
    SlideEncoderRecord(
        "titan", "TITAN (Ding et al., Nature Medicine 2025)", "conch_v15", 768, "CC-BY-NC-ND-4.0"
    ),
    SlideEncoderRecord(
        "prism", "PRISM (Shaikovski et al. 2024, arXiv:2405.10254)", "virchow", 1280, "CC-BY-NC-ND-4.0"
    ),
    SlideEncoderRecord("gigapath", "Prov-GigaPath (Xu et al., Nature 2024)", "gigapath", 768, "Apache-2.0"),
    SlideEncoderRecord("chief", "CHIEF (Wang et al., Nature 2024)", "ctranspath", 768, "AGPL-3.0"),
    SlideEncoderRecord(
        "madeleine", "MADELEINE (Jaume et al., ECCV 2024)", "conch_v1", 512, "CC-BY-NC-ND-4.0"
    ),
)


def find_slide_encoder(name: str) -> SlideEncoderRecord | None:
    """The record of a name in any spelling of case, hyphens and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "", name.lower())
    return next((record for record in RECORDS if record.name == plain), None)


def slide_encoder_id(name: str | None, tile_encoder: str | None = None) -> str:
    """`slide:NAME/TILE_ENCODER`; the second part is left out where neither the file nor the list knows it."""
    if not name:
        return OF_SLIDES + UNNAMED
    record = find_slide_encoder(name)
    below = canonical_encoder(tile_encoder) if tile_encoder else record.tile_encoder if record else ""
    return OF_SLIDES + "/".join(filter(None, (record.name if record else name, below)))


def is_of_slides(encoder: str | None) -> bool:
    """True for ids of encoders of whole slides."""
    return (encoder or "").startswith(OF_SLIDES)


def most_frequent(forms: Iterable[tuple[int, str]], width: int | None = None) -> tuple[int, str]:
    """Width of features (where it is not given) and, among those, encoder of most; 0 and "" where nothing tells."""
    counted = Counter(forms)
    if width is None:
        widths = Counter(own for own, _ in counted.elements())
        width = widths.most_common(1)[0][0] if widths else 0
    encoders = [(count, encoder) for (own, encoder), count in counted.items() if own == width and encoder]
    return width, max(encoders, key=lambda found: found[0])[1] if encoders else ""


def misfit(width: int, encoder: str, wanted_width: int, wanted: str) -> tuple[str, str] | None:
    """Reason and detail why features do not belong among a cohort's; None where they do.

    Args:
        width, encoder: of the features; "" where the file does not name its encoder, which passes among tiles.
        wanted_width, wanted: most others'.
    """
    if width != wanted_width:
        return "width_mismatch", f"{width} wide, expected {wanted_width}"
    if encoder and encoder != wanted:
        return "encoder_mismatch", f"made by {encoder}, most others by {wanted}"
    if not encoder and is_of_slides(wanted):
        return "encoder_mismatch", f"features of tiles, most others are embeddings by {wanted}"
    return None


def is_named(encoder: str | None) -> bool:
    """True where it is known which encoder made the features."""
    return bool(encoder) and encoder != OF_SLIDES + UNNAMED
