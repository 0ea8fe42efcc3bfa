"""Colour scales of pictures: viridis for amounts, purple to orange for values with a sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_VIRIDIS = (
    "440154 481467 482576 463480 414487 3b528b 355f8d 2f6c8e 2a788e 25848e 21918c"
    " 1e9c89 22a884 2fb47c 44bf70 5ec962 7ad151 9bd93c bddf26 dfe318 fde725"
)
_PURPLE_ORANGE = "2d004b 542788 8073ac b2abd2 d8daeb f7f7f7 fee0b6 fdb863 e08214 b35806 7f3b08"


def viridis(share: ArrayLike) -> NDArray[np.float64]:
    """Colours [..., 3], 0 to 255, of shares 0 to 1; no hue of haematoxylin, eosin or DAB at its strong end.

    Every 5% of the scale of Smith and van der Walt (2015, CC0), linear between.
    """
    return _between(_VIRIDIS, share)


def purple_orange(share: ArrayLike) -> NDArray[np.float64]:
    """Colours [..., 3], 0 to 255, of shares 0 (purple) over 1/2 (white) to 1 (orange), safe for the colour-blind.

    ColorBrewer's PuOr of eleven classes, from its end (Harrower and Brewer 2003, Cartogr J 40:27), linear between.
    """
    return _between(_PURPLE_ORANGE, share)


def _between(scale: str, share: ArrayLike) -> NDArray[np.float64]:
    anchors = np.array([list(bytes.fromhex(word)) for word in scale.split()], float)
    places = np.linspace(0, 1, len(anchors))
    given = np.asarray(share, float)
    return np.stack([np.interp(given, places, anchors[:, part]) for part in range(3)], axis=-1)
