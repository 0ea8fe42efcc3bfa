"""Weights of a fine-tuned encoder on disk: safetensors with the record of whom it was tuned on in their header."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tumorcast.domain.errors import InputError
from tumorcast.nn.backbones import Backbone, load_backbone
from tumorcast.slides.encoder_cache import DEFAULT_ENCODER
from tumorcast.slides.encoder_names import RANDOM, parse_encoder
from tumorcast.slides.owner import written_whole
from tumorcast.slides.tuned_on import TunedOn

Tensors = dict[str, torch.Tensor]


def tensors_digest(tensors: Tensors) -> str:
    """sha256 of names, shapes and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def save_tuned(tensors: Tensors, record: TunedOn, path: Path) -> None:
    """Write atomically."""
    with written_whole(path) as temporary:
        save_file(tensors, temporary, metadata={"tuned_on": record.to_text()})


def load_tuned(path: Path) -> Backbone:
    """The backbone of a file that `save_tuned` wrote; built from its base's shape, whose weights are not needed.

    Raises:
        InputError: no such file, another kind of file, or tensors that are not those that the record names.
    """
    text, tensors = _read(path)
    record = TunedOn.from_text(text, path.name)
    if tensors_digest(tensors) != record.tensors_sha256:
        raise InputError(
            f"the weights in {path.name} are not those that were tuned", fix="tune or copy again"
        )
    base = untrained(record.base)
    try:
        base.network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise InputError(
            f"{path.name} does not fit {record.base}", got=" ".join(str(error).split())[:300]
        ) from error
    base.network.eval().requires_grad_(False)
    return replace(base, id=record.encoder_id, tuned_on=text)


def untrained(base_id: str) -> Backbone:
    """A backbone of the same shape."""
    model = parse_encoder(base_id).model
    if model.startswith("hub:"):
        raise InputError(
            "encoders that are named by the hub cannot be tuned",
            got=base_id,
            fix="give timm:MODEL@FILE or NAME@FILE",
        )
    return load_backbone(model if model == DEFAULT_ENCODER else f"{model}@{RANDOM}")


def _read(path: Path) -> tuple[str, Tensors]:
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path.name} cannot be read", got=error) from error
    if "tuned_on" not in told:
        raise InputError(
            f"{path.name} is not of a fine-tuned encoder",
            expected="weights.safetensors as `tumorcast finetune` wrote it, with the list of whom it was tuned on",
            fix="copy that file again: saved anew by another program it loses the list",
        )
    return told["tuned_on"], tensors
