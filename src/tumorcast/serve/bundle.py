"""A bundle on disk, a folder or a zip: opened only when every byte is as it was exported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.preprocess_file import load_preprocessor
from tumorcast.domain.errors import BundleError
from tumorcast.evaluation.causal.effects import Effects
from tumorcast.evaluation.causal.overlap import Overlap
from tumorcast.evaluation.comparison import Comparison
from tumorcast.evaluation.out_of_distribution import Reference
from tumorcast.evaluation.spreads import Spreads
from tumorcast.evaluation.survival_curves import SurvivalRecord
from tumorcast.evaluation.trust import Trust
from tumorcast.readers.files import digest
from tumorcast.serve.keyring import Keyring
from tumorcast.serve.manifest import (
    COMPARISON_NAME,
    EFFECTS_NAME,
    MANIFEST_NAME,
    OVERLAP_NAME,
    PREDICTOR_NAME,
    REFERENCE_NAME,
    SPREADS_NAME,
    SURVIVAL_NAME,
    TILE_ENCODER_NAME,
    TILES_NAME,
    TRUST_NAME,
    UNSEALED,
    Manifest,
    changed,
    parse_manifest,
    read_text_of,
)
from tumorcast.serve.onnx_links import external_files
from tumorcast.serve.signature_verdict import UNSIGNED, SignatureVerdict, check_signatures, require_signature
from tumorcast.serve.signatures import Signature, read_signatures

_T = TypeVar("_T")


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        folder: where it lies (unpacked, where it came as a zip).
        manifest: what it says of itself.
        prepared: turns courses into the predictor's arrays.
        trust: what its probabilities are worth; None where training had too few patients to say.
        reference: what the training patients look like; None likewise.
        spreads: how the numbers of a case are spread over them, to chart what comes in; None likewise.
        comparison: what a report compares a patient with; None where the bundle does not say.
        survival: what survival curves are drawn from; None without such a head, or of too few patients.
        overlap: which treatments a training patient could have received; None where training had nothing to compare.
        effects: adjusted outcomes of kinds of treatment; None where too few patients received two of them.
        signatures: that lie beside the manifest.
        manifest_sha256: of the manifest's bytes.
        verdict: of the signatures, by the keyring that it was opened with.
    """

    folder: Path
    manifest: Manifest
    prepared: Preprocessor
    trust: Trust | None = None
    reference: Reference | None = None
    spreads: Spreads | None = None
    comparison: Comparison | None = None
    overlap: Overlap | None = None
    survival: SurvivalRecord | None = None
    effects: Effects | None = None
    signatures: tuple[Signature, ...] = ()
    manifest_sha256: str = ""
    verdict: SignatureVerdict = UNSIGNED

    @property
    def predictor_path(self) -> Path:
        """The ONNX graph of the predictor."""
        return self.folder / PREDICTOR_NAME

    @property
    def tiles_path(self) -> Path | None:
        """The ONNX graph that pools a course's tiles; None where the model reads no slide."""
        return self.folder / TILES_NAME if TILES_NAME in self.manifest.files else None

    @property
    def tile_encoder_path(self) -> Path | None:
        """The ONNX graph of the tile encoder; None where the training features came ready-made."""
        has_one = TILE_ENCODER_NAME in self.manifest.files
        return self.folder / TILE_ENCODER_NAME if has_one else None


@dataclass(frozen=True)
class CheckedFiles:
    """A bundle whose files are those of its manifest, byte for byte; what is in them is not read yet."""

    folder: Path
    manifest: Manifest
    signatures: tuple[Signature, ...]
    manifest_sha256: str


def load_bundle(path: Path, keyring: Keyring | None = None, is_signature_required: bool = False) -> Bundle:
    """Open a bundle, a folder or a zip of it, after checking size and digest of every file.

    A zip is unpacked once to the user's cache.

    Args:
        keyring: whose signatures count.
        is_signature_required: refuse a bundle without a trusted signature; one with a signature that is false, revoked
            or expired is refused in any case.

    Raises:
        BundleError: a file is changed, missing or foreign, the zip is not a bundle's, or the format version is not
            this one's.
    """
    checked = check_files(path)
    verdict = require_signature(check_signatures(checked, keyring), is_signature_required)
    folder, manifest = checked.folder, checked.manifest
    prepared = load_preprocessor(folder)
    if prepared.modalities != manifest.modalities:
        raise BundleError(
            "manifest and preprocessor are of different models",
            got=", ".join(prepared.modalities),
            expected=", ".join(manifest.modalities),
        )
    return Bundle(
        folder,
        manifest,
        prepared,
        _record(folder, manifest, TRUST_NAME, Trust.from_json),
        _record(folder, manifest, REFERENCE_NAME, Reference.from_json),
        _record(folder, manifest, SPREADS_NAME, Spreads.from_json),
        _record(folder, manifest, COMPARISON_NAME, Comparison.from_json),
        _record(folder, manifest, OVERLAP_NAME, Overlap.from_json),
        _record(folder, manifest, SURVIVAL_NAME, SurvivalRecord.from_json),
        _record(folder, manifest, EFFECTS_NAME, Effects.from_json),
        checked.signatures,
        checked.manifest_sha256,
        verdict,
    )


def check_files(path: Path) -> CheckedFiles:
    """Every file against the manifest, without reading what is in them; as `load_bundle` raises."""
    if not path.is_file():
        return _checked(path)
    from tumorcast.serve.bundle_zip import cached_folder, forget_cached

    folder = cached_folder(path)
    try:
        return _checked(folder)
    except BundleError:  # of the cached copy: the zip decides
        forget_cached(folder)
        return _checked(cached_folder(path))


def _checked(folder: Path) -> CheckedFiles:
    text = read_text_of(folder)
    manifest = parse_manifest(text, folder)
    _check_names(folder, manifest)
    for name, entry in manifest.files.items():
        path = folder / name
        if path.stat().st_size != entry.size or digest(path) != entry.sha256:
            raise changed(name)
        if path.suffix == ".onnx" and (outside := external_files(path) - manifest.files.keys()):
            raise BundleError(
                f"the bundle's {name} takes tensors from outside the bundle",
                got=", ".join(sorted(outside)),
                expected="files that the manifest lists",
            )
    return CheckedFiles(folder, manifest, read_signatures(folder), hashlib.sha256(text).hexdigest())


def _record(folder: Path, manifest: Manifest, name: str, read: Callable[[dict[str, Any]], _T]) -> _T | None:
    """What an optional file says."""
    if name not in manifest.files:
        return None
    return read(dict(json.loads((folder / name).read_text(encoding="utf-8"))))


def _check_names(folder: Path, manifest: Manifest) -> None:
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    needed = {PREDICTOR_NAME, *((TILES_NAME,) if "slide" in manifest.modalities else ())}
    missing = sorted((manifest.files.keys() | needed) - there.keys())
    foreign = sorted(
        name for name, path in there.items()
        if name not in {*manifest.files, *UNSEALED} or path.is_symlink() or not path.is_file()
    )  # fmt: skip
    if missing or foreign:
        raise BundleError(
            "the bundle's files are not those of its manifest",
            got="; ".join(
                f"{word}: {', '.join(names)}"
                for word, names in (("missing", missing), ("extra", foreign))
                if names
            ),
            expected=f"{MANIFEST_NAME}, {', '.join(sorted(manifest.files))}",
            fix="copy the bundle again from where it was made, or export it again",
        )
