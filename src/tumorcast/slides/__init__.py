"""Whole-slide images: reading, tissue, tiling, feature stores, encoding."""
