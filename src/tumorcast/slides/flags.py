"""What may speak against a tile that is kept: bits of one number."""

from __future__ import annotations

import numpy as np

FLAGS = {"blurred": 1, "fold": 2, "no_colour": 4, "ink": 8}
"""Name -> bit; what each means stands in `quality`."""


def count_flags(flags: np.ndarray) -> dict[str, int]:
    """How many tiles carry each flag; those that none carries are left out."""
    found = {name: int((flags & bit > 0).sum()) for name, bit in FLAGS.items()}
    return {name: count for name, count in found.items() if count}
