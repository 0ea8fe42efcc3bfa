"""Widen the feature bags of a simulated study by a random rotation into more channels.

    tumorcast simulate STUDY --patients 120 --seed 7 --features-only
    python benchmarks/wide_bags.py STUDY WIDE --width 512

Columns of the projection are orthonormal, so distances between tiles, and with them everything that was
planted, stay as they were (up to float16). It makes training data for bags of other tile encoders' width.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from tumorcast.slides.store import CoordsAttrs, read_features, write_features


def projection(narrow: int, wide: int, seed: int) -> np.ndarray:
    """Float32 [narrow, wide] with orthonormal rows."""
    drawn = np.random.default_rng(seed).standard_normal((wide, narrow))
    return np.linalg.qr(drawn)[0].T.astype(np.float32)


def widen(source: Path, target: Path, width: int, seed: int) -> None:
    """Write the bag `source`, `width` channels wide, to `target`."""
    bag = read_features(source)
    with h5py.File(source, "r") as file:
        located = CoordsAttrs(
            **{key: getattr(v, "item", lambda v=v: v)() for key, v in file["coords"].attrs.items()}
        )
    features = bag.features @ projection(bag.features.shape[1], width, seed)
    attrs = replace(bag.attrs, encoder=f"{bag.attrs.encoder}_wide{width}", encoder_sha256=None)
    write_features(target, features, bag.coords, attrs, located)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, help="simulated study made with --features-only")
    parser.add_argument("out", type=Path, help="study folder to write")
    parser.add_argument("--width", type=int, default=512, help="channels of the new bags (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the projection (%(default)s)")
    arguments = parser.parse_args()
    rest = shutil.ignore_patterns("*.h5", "simulation.json")
    shutil.copytree(arguments.study, arguments.out, ignore=rest, dirs_exist_ok=True)
    for source in tqdm(sorted(arguments.study.rglob("*.h5")), unit="bag"):
        widen(source, arguments.out / source.relative_to(arguments.study), arguments.width, arguments.seed)


if __name__ == "__main__":
    main()
