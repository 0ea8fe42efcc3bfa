"""A bundle that knows its training patients, and studies of sites whose scanners differ."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from toy_bundle import toy_facts, toy_model
from toy_lab import TILE_PX, write_toy_encoder
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import load_bags
from tumorcast.cohort.preprocess import fit_preprocessor
from tumorcast.cohort.simulate.svs import write_svs
from tumorcast.config.models import DataConfig
from tumorcast.evaluation.trust import Trust, fit_trust
from tumorcast.export.bundle import export_bundle
from tumorcast.export.training_reference import training_reference, training_spreads
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.manifest import (
    MANIFEST_NAME,
    TRUST_NAME,
    TileEncoderInfo,
    file_entries,
    read_manifest,
    roles_of,
    sealed_text,
)
from tumorcast.serve.predict import Request, predict_with
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.encoders import OnnxTileEncoder
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.pipeline import encode_slides
from tumorcast.slides.tiling import TileSettings

N_TRAINING = 50
_PINK, _PURPLE = np.array((225, 130, 190)), np.array((130, 80, 160))


@dataclass(frozen=True)
class Scanner:
    """How a scanner shows colours: light ** gamma, times gain; noise of a scan in intensities."""

    gamma: float = 1.0
    gain: float = 1.0
    noise: float = 1.0


PLAIN = Scanner()


@dataclass(frozen=True)
class SiteLab:
    """A bundle with its training features, and a study of a site with outcomes."""

    bundle: Path
    study: Path
    folder: Path


def draw_slide(path: Path, glass: int, scan: int = 0, scanner: Scanner = PLAIN) -> Path:
    """H&E-like tissue on glass: the same `glass` is the same tissue, `scan` is the noise of one scan."""
    random, noise = np.random.default_rng(glass), np.random.default_rng((glass, scan, 7))
    share = np.clip(random.beta(3, 3) + random.normal(0, 0.15, (64, 64)), 0, 1)[..., None]
    texture = np.kron(share * _PINK + (1 - share) * _PURPLE, np.ones((4, 4, 1)))
    picture = np.full((512, 512, 3), 243.0)
    picture[128:384, 128:384] = texture * random.normal(1, 0.04)
    shown = 255 * (np.clip(picture / 255, 0, 1) ** scanner.gamma) * scanner.gain
    shown = shown + noise.normal(0, 0.6) + noise.normal(0, scanner.noise, picture.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_svs(path, shown.clip(0, 255).astype(np.uint8), 1.0, 10)
    return path


def site_study(folder: Path, n_patients: int, seed: int, scanner: Scanner = PLAIN) -> Path:
    """A study of simulated patients with a slide each, age and sex; every other one responds."""
    random = np.random.default_rng(seed)
    names = [f"{folder.name}{i}" for i in range(n_patients)]
    samples = pd.Index([f"{name}-A" for name in names], name="sample_id")
    paths = [
        draw_slide(folder / "slides" / f"{n}.svs", seed * 1000 + i, 0, scanner) for i, n in enumerate(names)
    ]
    study = Study(
        study_id=folder.name,
        origin="simulated",
        folder=folder,
        patients=pd.DataFrame(
            {"AGE": random.normal(62, 9, n_patients).round(), "SEX": random.choice(["F", "M"], n_patients)},
            index=pd.Index(names, name="patient_id"),
        ),
        samples=pd.DataFrame({"patient_id": names, "collected_day": -5.0, "procedure": "biopsy"}, index=samples),
        treatments=pd.DataFrame(
            {
                "patient_id": names, "start_day": 0.0, "stop_day": 90.0, "agent": "Nivolumab", "regimen": "",
                "line": 1.0, "treatment_type": "Medical Therapy", "BEST_RESPONSE": ["PR", "PD"] * (n_patients // 2),
            }
        ),
        slides=pd.DataFrame(
            {"slide_id": [f"S-{n}" for n in names], "sample_id": samples, "path": [str(p) for p in paths], "mpp": 1.0}
        ),
    )  # fmt: skip
    write_study(study, folder)
    return folder


def make_site_lab(folder: Path, n_site: int = 60) -> SiteLab:
    """A model with random weights whose answers are, by construction, right as often as they say."""
    random = np.random.default_rng(3)
    training = site_study(folder / "T", N_TRAINING, 1)
    encoder = write_toy_encoder(folder / "encoder.onnx")
    study = read_study(training)
    features = _encode(study, encoder, folder / "features")
    config = DataConfig(study=training, features=features, modalities=("slide", "clinical"))
    cohort = assemble(study, config)
    bags, cohort = load_bags(cohort)
    ids = list(cohort.courses.index)
    prepared = fit_preprocessor(cohort, ids, bags, GeneNetwork.embedded(), {}, config)
    courses = [prepared.arrays(cohort, course_id, bags.get(course_id)) for course_id in ids]
    model = toy_model(prepared=prepared, seed=5)
    info = TileEncoderInfo(
        id=encoder.id, sha256=encoder.sha256, dim=3, target_mpp=1.0, tile_px=TILE_PX, tile_um=64.0, min_tissue=0.25
    )  # fmt: skip
    reference = training_reference(prepared, courses, 0)
    facts = replace(
        toy_facts(), tile_encoder=info, tile_encoder_onnx=folder / "encoder.onnx", reference=reference,
        spreads=training_spreads(prepared, reference, courses),
    )  # fmt: skip
    bundle, site = folder / "bundle", site_study(folder / "H", n_site, 2)
    export_bundle(bundle, model, prepared, facts, courses)
    answers = _answers(_said(bundle, site, folder / "site_features")["probability"], random)
    write_study(_with_answers(read_study(site), answers), site)
    said = _said(bundle, training, folder / "features")
    inner = said.assign(
        fold=np.arange(len(said)) % 5, label=_answers(said["probability"], random).astype(float)
    )
    _add_trust(bundle, fit_trust(inner))
    return SiteLab(bundle, site, folder)


def _with_answers(study: Study, answers: np.ndarray) -> Study:
    told = study.treatments.assign(BEST_RESPONSE=np.where(answers, "PR", "PD"))
    return replace(study, treatments=told)


def _add_trust(bundle: Path, trust: Trust | None) -> None:
    assert trust is not None
    (bundle / TRUST_NAME).write_text(json.dumps(trust.to_json()), encoding="utf-8")
    files = file_entries(bundle)
    manifest = read_manifest(bundle / MANIFEST_NAME).model_copy(
        update={"files": files, "roles": roles_of(files)}
    )
    (bundle / MANIFEST_NAME).write_text(sealed_text(manifest), encoding="utf-8")


def _answers(probability: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Responses as frequent as the ranks of the probabilities, steeply."""
    rank = probability.rank(pct=True).to_numpy(float)
    return random.random(len(rank)) < 1 / (1 + np.exp(-8 * (rank - 0.55)))


def _said(bundle: Path, study: Path, features: Path) -> pd.DataFrame:
    return predict_with(load_bundle(bundle), read_study(study), Request(features)).table


def _encode(study: Study, encoder: OnnxTileEncoder, out: Path) -> Path:
    files = [
        SlideFile(name, Path(path), name) for name, path in study.slides[["slide_id", "path"]].to_numpy()
    ]
    rows = encode_slides(EncodeJob(encoder, TileSettings(1.0, TILE_PX), out), files, progress=False)
    assert all(row.status == "ok" for row in rows), [row.reason for row in rows if row.status != "ok"]
    return out
