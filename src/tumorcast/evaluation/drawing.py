"""Whether the pictures of an evaluation can be drawn here; its tables need nothing for that."""

from __future__ import annotations

from importlib.util import find_spec

NOT_DRAWN = (
    "no pictures: matplotlib and scikit-learn are not installed here (pip install matplotlib scikit-learn)"
)


def can_draw() -> bool:
    """True where matplotlib and scikit-learn are installed; neither is imported."""
    try:
        return all(find_spec(name) is not None for name in ("matplotlib", "sklearn"))
    except ImportError:
        return False
