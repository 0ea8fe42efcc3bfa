"""Feature files with changed bytes are told as unreadable, whatever their readers raise."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.slides.damage import UNREADABLE, first_line
from tumorcast.slides.store import read_attrs, read_features


def changed(path: Path, content: bytes, seed: int) -> Path:
    """Three bytes other than they were."""
    draw, own = random.Random(seed), bytearray(content)
    for _ in range(3):
        own[draw.randrange(len(own))] ^= draw.randrange(1, 256)
    path.write_bytes(own)
    return path


def test_archives_with_changed_or_missing_bytes(tmp_path):
    whole = tmp_path / "whole.npz"
    np.savez_compressed(whole, features=np.random.default_rng(0).normal(size=64).astype(np.float32))
    content, refused = whole.read_bytes(), 0
    for seed in range(150):
        path = changed(tmp_path / "own.npz", content[: len(content) - seed % 3], seed)
        try:
            read_features(path)
        except InputError:
            refused += 1
    assert refused > 50


def test_hdf5_with_changed_bytes(tmp_path):
    whole = tmp_path / "whole.h5"
    with h5py.File(whole, "w") as file:
        file.create_dataset("features", data=np.ones((9, 8), np.float16), chunks=(3, 8)).attrs["encoder"] = (
            "uni"
        )
        file.create_dataset("coords", data=np.zeros((9, 2), np.int64)).attrs["patch_size_level0"] = 512
    content = whole.read_bytes()
    for seed in range(120):
        path = changed(tmp_path / f"own{seed}.h5", content, seed)
        for read in (read_features, read_attrs):
            with suppress(InputError):
                read(path)


def test_an_error_without_text_has_a_name():
    assert first_line(OSError()) == "OSError"
    assert issubclass(InputError, UNREADABLE)
