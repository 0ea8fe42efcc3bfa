"""Model + preprocessor + facts -> bundle: a folder from which the lab predicts without torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from torch import nn

from tumorcast import __version__
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.preprocess_file import save_preprocessor
from tumorcast.domain.errors import BundleError
from tumorcast.domain.timestamp import utc_now
from tumorcast.export.attention_check import shuffled_correlation
from tumorcast.export.facts import BundleFacts
from tumorcast.export.model_card import model_card
from tumorcast.export.onnx_file import tensors_beside
from tumorcast.export.parity import Parity, check_parity, compare
from tumorcast.export.predictor import export_predictor, input_names, output_names
from tumorcast.readers.files import digest, replaced_folder
from tumorcast.serve.manifest import (
    CARD_NAME,
    COMPARISON_NAME,
    EFFECTS_NAME,
    MANIFEST_NAME,
    OVERLAP_NAME,
    REFERENCE_NAME,
    SPREADS_NAME,
    SURVIVAL_NAME,
    TILE_ENCODER_NAME,
    TRUST_NAME,
    DataRules,
    Manifest,
    file_entries,
    roles_of,
    sealed_text,
)

_ALWAYS_FINITE = {SURVIVAL_NAME, TRUST_NAME}
"""Records whose numbers are all finite; in others one that is not known is NaN."""
_LIBRARIES = ("torch", "torch-geometric", "onnx", "onnxscript", "onnxruntime", "numpy", "pandas", "h5py")


def export_bundle(
    folder: Path,
    model: nn.Module,
    prepared: Preprocessor,
    facts: BundleFacts,
    courses: Sequence[CourseArrays] = (),
) -> Manifest:
    """Write a bundle; an older one at the same place is replaced as a whole.

    Args:
        folder: where the bundle goes.
        model: an `Ensemble` or a `Predictor` over what `prepared` makes.
        prepared: the fitted preprocessor.
        facts: what manifest and model card say.
        courses: some real courses on which torch and ONNX Runtime are compared, beside made-up ones.

    Raises:
        BundleError: the graph does not say what the model says, or the encoder is not the one of the facts.
    """
    _check_encoder(facts)
    with replaced_folder(folder) as work:
        export_predictor(model, prepared, facts.heads, work)
        parity = compare(model, prepared, facts.heads, work, courses)
        check_parity(parity)
        save_preprocessor(prepared, work)
        if facts.tile_encoder_onnx is not None:
            _copy_encoder(facts.tile_encoder_onnx, work)
        (work / CARD_NAME).write_text(model_card(facts, prepared), encoding="utf-8")
        write_records(facts, work)
        checked = shuffled_correlation(model, prepared, facts.heads, courses)
        manifest = _manifest(work, prepared, facts, parity, checked)
        (work / MANIFEST_NAME).write_text(sealed_text(manifest), encoding="utf-8")
    return manifest


def write_records(facts: BundleFacts, work: Path) -> None:
    """Write what was learned of the training patients, a file each, into the folder of a bundle that is being made."""
    records = {
        TRUST_NAME: facts.trust,
        REFERENCE_NAME: facts.reference,
        SPREADS_NAME: facts.spreads,
        COMPARISON_NAME: facts.comparison,
        OVERLAP_NAME: facts.overlap,
        SURVIVAL_NAME: facts.survival,
        EFFECTS_NAME: facts.effects,
    }
    for name, record in records.items():
        if record is not None:
            text = json.dumps(record.to_json(), allow_nan=name not in _ALWAYS_FINITE)
            (work / name).write_text(text, encoding="utf-8")


def _copy_encoder(path: Path, work: Path) -> None:
    shutil.copyfile(path, work / TILE_ENCODER_NAME)
    if tensors_beside(path).is_file():
        shutil.copyfile(tensors_beside(path), work / tensors_beside(path).name)


def _check_encoder(facts: BundleFacts) -> None:
    path, info = facts.tile_encoder_onnx, facts.tile_encoder
    if path is None:
        return
    found = digest(path)
    if info is None or info.sha256 != found:
        raise BundleError(
            "the tile encoder to bundle is not the one that made the training features",
            got=f"{path.name} with sha256 {found[:12]}...",
            expected="no encoder" if info is None else f"{info.id} with sha256 {info.sha256[:12]}...",
            fix="encode the training slides again with this encoder, or bundle the one that was used",
        )


def _manifest(
    work: Path, prepared: Preprocessor, facts: BundleFacts, parity: Parity, checked: dict[str, float]
) -> Manifest:
    """The manifest of what lies in `work`."""
    rules, files = facts.data.model_dump(include=set(DataRules.model_fields)), file_entries(work)
    return Manifest(
        tumorcast=__version__,
        name=facts.name,
        created=utc_now(),
        training_data=facts.origin,
        study_id=facts.study_id,
        n_patients=facts.n_patients,
        n_courses=facts.n_courses,
        modalities=prepared.modalities,
        heads=facts.heads,
        inputs=input_names(prepared),
        outputs=output_names(prepared, facts.heads),
        tile_encoder=facts.tile_encoder,
        thresholds=facts.thresholds,
        rules=DataRules(**rules),
        size=facts.size,
        parity=parity.max_difference,
        attention_check=checked,
        intended_use=facts.intended_use,
        population=facts.population,
        provenance=facts.provenance,
        roles=roles_of(files),
        libraries={name: version(name) for name in _LIBRARIES},
        files=files,
    )
