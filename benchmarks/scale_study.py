"""A simulated study of many patients with ready bags, some of them damaged: for `cohort_scale.py`."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study
from tumorcast.slides.bag import CoordsAttrs, StoreAttrs
from tumorcast.slides.store import write_features

VARIANTS = 60
_POOL = 20_000


def make_study(folder: Path, patients: int, tiles: int, width: int, genes: int) -> list[Path]:
    """Write it; the paths of its bags. Sizes of bags are log-normal around `tiles` (at least 16)."""
    random = np.random.default_rng(0)
    names = [f"P{i:05d}" for i in range(patients)]
    samples = pd.Index([f"{name}-T" for name in names], name="sample_id")
    paths = [folder / "bags" / f"{name}.h5" for name in names]
    slides = {"slide_id": names, "sample_id": samples, "path": [str(p) for p in paths], "mpp": 0.5}
    symbols = np.array([gene.symbol for gene in GeneTable.embedded().genes][:genes])
    levels = random.choice(np.arange(-2, 3), (patients, genes), p=[0.01, 0.2, 0.58, 0.2, 0.01])
    study = Study(
        study_id="scale",
        origin="simulated",
        folder=folder,
        patients=_people(names, random),
        samples=pd.DataFrame(
            {"patient_id": names, "collected_day": -5.0, "procedure": "biopsy"}, index=samples
        ),
        treatments=pd.DataFrame(
            {
                "patient_id": names, "start_day": 0.0, "stop_day": 90.0, "regimen": "", "line": 1.0,
                "agent": random.choice(["Nivolumab", "Pembrolizumab", "Cisplatin"], patients),
                "treatment_type": "Medical Therapy", "BEST_RESPONSE": random.choice(["PR", "PD"], patients),
            }
        ),
        variants=_variants(samples, symbols, random),
        sequenced=frozenset(samples),
        sequenced_mb=dict.fromkeys(samples, 30.0),
        expression=pd.DataFrame(
            random.gamma(2, 1, (patients, genes)).clip(0, 15).astype(np.float32), samples, symbols
        ),
        copy_number=pd.DataFrame(levels.astype(np.float32), samples, symbols),
        slides=pd.DataFrame(slides),
    )  # fmt: skip
    write_study(study, folder)
    _write_bags(paths, tiles, width, random)
    return paths


def _people(names: list[str], random: np.random.Generator) -> pd.DataFrame:
    count = len(names)
    columns = {
        "AGE": random.integers(30, 85, count).astype(float), "SEX": random.choice(["F", "M"], count),
        "STAGE": random.choice(list("1234"), count), "ALBUMIN": random.normal(4, 0.5, count).round(2),
        "SITE": random.choice([f"S{k}" for k in range(20)], count),
    }  # fmt: skip
    return pd.DataFrame(columns, index=pd.Index(names, name="patient_id"))


def _variants(samples: pd.Index, symbols: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    owner = np.repeat(samples.to_numpy(), random.poisson(VARIANTS, len(samples)))
    kinds = random.choice(["Missense_Mutation", "Nonsense_Mutation", "Silent"], len(owner))
    impacts = {"Missense_Mutation": "missense", "Nonsense_Mutation": "truncating", "Silent": "silent"}
    table = {"sample_id": owner, "gene": random.choice(symbols, len(owner)), "variant_class": kinds}
    vaf = random.random(len(owner)).round(3)
    return pd.DataFrame(table).assign(vaf=vaf, impact=[impacts[k] for k in kinds], protein_change="p.A1B")


def _write_bags(paths: list[Path], tiles: int, width: int, random: np.random.Generator) -> None:
    pool = random.normal(0, 1, (_POOL, width)).astype(np.float16)
    counts = np.clip(random.lognormal(np.log(tiles), 0.6, len(paths)), 16, _POOL // 2).astype(int)
    attrs = StoreAttrs(encoder="simulated", target_mpp=0.5, slide_mpp=0.5, tile_px=256)
    for path, count in zip(paths, counts.tolist(), strict=True):
        start = int(random.integers(0, _POOL - count))
        coords = np.stack([np.arange(count) % 100, np.arange(count) // 100], axis=1) * 256
        write_features(path, pool[start : start + count], coords, attrs, CoordsAttrs(patch_size_level0=256))


def damage(paths: list[Path], share: float) -> list[str]:
    """Damage some of them in eight ways; their slides' ids."""
    chosen = np.random.default_rng(1).choice(len(paths), round(share * len(paths)), replace=False)
    for number, k in enumerate(chosen.tolist()):
        _damage(paths[k], number % 8)
    return [paths[k].stem for k in chosen.tolist()]


def _damage(path: Path, how: int) -> None:
    """Cut, emptied, text, gone, without tiles, of another width, of another encoder, or with a NaN."""
    if how == 0:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == 1:
        path.write_bytes(b"")
    elif how == 2:
        path.write_text("not a bag", encoding="utf-8")
    elif how == 3:
        path.unlink()
    elif how in (4, 5):
        with h5py.File(path, "w") as file:
            file["features"] = np.zeros((0, 8) if how == 4 else (40, 8), np.float16)
    else:
        with h5py.File(path, "r+") as file:
            if how == 6:
                file["features"].attrs["encoder"] = "another"
            else:
                file["features"][3, 5] = np.nan
