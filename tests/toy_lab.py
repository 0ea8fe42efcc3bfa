"""A study folder with slides on disk, a tile encoder of a few operators, and a bundle fitted to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper
from PIL import Image

from toy_bundle import toy_facts, toy_model
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import load_bags
from tumorcast.cohort.preprocess import Preprocessor, fit_preprocessor
from tumorcast.cohort.simulate.svs import write_svs
from tumorcast.config.models import DataConfig
from tumorcast.export.bundle import export_bundle
from tumorcast.export.population import population_of
from tumorcast.nn.predictor import Ensemble
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study
from tumorcast.serve.manifest import TileEncoderInfo
from tumorcast.serve.population import Population, Range
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.encoders import EncoderCard, OnnxTileEncoder
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.pipeline import encode_slides
from tumorcast.slides.tiling import TileSettings

N_PATIENTS, TILE_PX = 12, 64
_GENES = ("TP53", "KRAS", "BRAF", "PTEN")
_SYMBOLS = ("CD8A", "GZMB", "PRF1", "CXCL9", "IFNG", "STAT1")


@dataclass(frozen=True)
class ToyLab:
    """What the tests of serving work on."""

    model: Ensemble
    prepared: Preprocessor
    bundle: Path
    study: Path
    features: Path


def write_toy_encoder(path: Path) -> OnnxTileEncoder:
    """Mean colour of a tile: uint8 [b, h, w, 3] -> float32 [b, 3]."""
    nodes = [
        helper.make_node("Cast", ["tiles"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "sides"], ["features"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "mean_colour",
        [helper.make_tensor_value_info("tiles", TensorProto.UINT8, ["b", TILE_PX, TILE_PX, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["b", 3])],
        [helper.make_tensor("sides", TensorProto.INT64, [2], [1, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, EncoderCard("mean_colour", 1.0, TILE_PX, normalises="graph").to_metadata())
    onnx.save(model, path)
    return OnnxTileEncoder(path)


def write_toy_slide(path: Path, seed: int, is_empty: bool = False) -> None:
    """Purple tissue in the middle of white glass (or glass alone), 512 px at 1 um/px."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_svs(path, _toy_picture(seed, is_empty), 1.0, 10)


def toy_flat_tiff(seed: int) -> bytes:
    """The same picture as a plain TIFF, which does not say its pixel size."""
    stream = BytesIO()
    Image.fromarray(_toy_picture(seed)).save(stream, "TIFF")
    return stream.getvalue()


def _toy_picture(seed: int, is_empty: bool = False) -> np.ndarray:
    picture = np.full((512, 512, 3), 243, np.float32)
    if not is_empty:
        picture[128:384, 128:384] = np.random.default_rng(seed).normal((190, 110, 170), 15, (256, 256, 3))
    return picture.clip(0, 255).astype(np.uint8)


def toy_study(folder: Path, origin: str = "simulated", n_patients: int = N_PATIENTS) -> Study:
    """Patients P0, P1, ...: a slide for the first six, mutations for all but the last two, and so on."""
    random = np.random.default_rng(0)
    names = [f"P{i}" for i in range(n_patients)]
    samples = pd.Index([f"{name}-A" for name in names], name="sample_id")
    with_slide = samples[:6]
    sequenced = samples[: n_patients - 2]
    variants = pd.DataFrame(
        [(sample, gene) for k, sample in enumerate(sequenced[1:]) for gene in _GENES[: 1 + k % len(_GENES)]],
        columns=["sample_id", "gene"],
    ).assign(variant_class="Missense_Mutation", vaf=0.3, impact="missense", protein_change="p.A1B")
    return Study(
        study_id="toy_lab",
        origin=origin,
        folder=folder,
        patients=pd.DataFrame(
            {"AGE": random.integers(40, 80, n_patients).astype(float), "SEX": ["F", "M"] * (n_patients // 2)},
            index=pd.Index(names, name="patient_id"),
        ),
        samples=pd.DataFrame(
            {"patient_id": names, "collected_day": -5.0, "procedure": "biopsy"}, index=samples
        ),
        treatments=pd.DataFrame(
            {
                "patient_id": names, "start_day": 0.0, "stop_day": 90.0, "agent": "Nivolumab", "regimen": "",
                "line": 1.0, "treatment_type": "Medical Therapy", "BEST_RESPONSE": ["PR", "PD"] * (n_patients // 2),
            }
        ),
        variants=variants,
        sequenced=frozenset(sequenced),
        sequenced_mb=dict.fromkeys(sequenced, 30.0),
        expression=pd.DataFrame(
            random.gamma(2, 2, (n_patients - 4, len(_SYMBOLS))), index=samples[4:], columns=list(_SYMBOLS)
        ),
        slides=pd.DataFrame(
            {
                "slide_id": [f"S{i}" for i in range(6)], "sample_id": with_slide,
                "path": [str(folder / "slides" / f"S{i}.svs") for i in range(6)], "mpp": np.nan,
            }
        ),
    )  # fmt: skip


def write_toy_study(folder: Path, study: Study | None = None) -> Path:
    """The study folder and its slides; returns the folder."""
    study = study or toy_study(folder)
    for number, path in enumerate(map(Path, study.slides["path"])):
        if path.suffix == ".svs":
            write_toy_slide(path, number)
    write_study(study, folder)
    return folder


def make_lab(
    folder: Path, origin: str = "simulated", heads: tuple[str, ...] = ("response", "survival")
) -> ToyLab:
    """A model with random weights, its preprocessor fitted on the toy study, and its bundle."""
    study_folder = write_toy_study(folder / "study", toy_study(folder / "study", origin))
    encoder = write_toy_encoder(folder / "encoder.onnx")
    info = TileEncoderInfo(
        id=encoder.id, sha256=encoder.sha256, dim=3, target_mpp=1.0, tile_px=TILE_PX, tile_um=64.0, min_tissue=0.25
    )  # fmt: skip
    study = read_study(study_folder)
    features = _encode(study, encoder, folder / "features")
    cohort = assemble(study, DataConfig(study=study_folder, features=features))
    bags, cohort = load_bags(cohort)
    sets = {"interferon": ("CXCL9", "IFNG", "STAT1"), "cytotoxic": ("CD8A", "GZMB", "PRF1")}
    prepared = fit_preprocessor(
        cohort, list(cohort.courses.index), bags, GeneNetwork.embedded(), sets, DataConfig(study=study_folder)
    )
    model = toy_model(heads, prepared=prepared, seed=1)
    facts = replace(
        toy_facts(heads, origin), tile_encoder=info, tile_encoder_onnx=folder / "encoder.onnx",
        population=_validated(population_of(cohort, list(cohort.courses.index), prepared.modalities)),
    )  # fmt: skip
    courses = [prepared.arrays(cohort, cid, bags.get(cid)) for cid in map(str, cohort.courses.index)]
    export_bundle(folder / "bundle", model, prepared, facts, courses)
    return ToyLab(model, prepared, folder / "bundle", study_folder, features)


def _validated(population: Population) -> Population:
    """As if enough patients had each pattern of layers, and some a single tile."""
    patterns = tuple(p.model_copy(update={"n_training": 60}) for p in population.patterns)
    tiles = Range(n=6, low=1, median=9, high=25)
    return population.model_copy(update={"patterns": patterns, "tiles": tiles})


def _encode(study: Study, encoder: OnnxTileEncoder, out: Path) -> Path:
    """Features of the study's slides."""
    files = [
        SlideFile(name, Path(path), name) for name, path in study.slides[["slide_id", "path"]].to_numpy()
    ]
    rows = encode_slides(EncodeJob(encoder, TileSettings(1.0, TILE_PX), out), files, progress=False)
    assert all(row.status == "ok" for row in rows)
    return out
