"""The tile encoder on a GPU: the same graph as the exported one, in torch."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import torch

from tumorcast.domain.errors import InputError
from tumorcast.nn.backbones import load_backbone
from tumorcast.nn.tile_graph import TilesToFeatures


class TorchTileEncoder:
    """A `TileEncoder` in torch. On CUDA: bfloat16 autocast, channels last, copies from pinned memory.

    Features in bfloat16 differ from those of ONNX Runtime by about a hundredth of their spread.

    Args:
        encoder_id: see `nn.backbones`.
        sha256: digest of the encoder's exported graph, which names it.
        tile_px: side of the tiles; None is the encoder's own.
        device: "cuda", "cuda:N" or "cpu".
        allow_download: let published weights be fetched.
        dtype: of the computation; None is bfloat16 on CUDA where it is supported, else float32.

    Raises:
        InputError: an unknown encoder, or there is no such device.
    """

    batch_tiles = 128
    lanes = 2

    def __init__(
        self,
        encoder_id: str,
        sha256: str,
        tile_px: int | None,
        device: str,
        *,
        allow_download: bool = False,
        dtype: torch.dtype | None = None,
    ) -> None:
        self._device = torch_device(device)
        backbone = load_backbone(encoder_id, allow_download=allow_download)
        self.id, self.sha256, self.target_mpp = backbone.id, sha256, backbone.target_mpp
        self.mean, self.std, self.tuned_on = backbone.mean, backbone.std, backbone.tuned_on
        self.tile_px = tile_px or backbone.tile_px
        on_gpu = self._device.type == "cuda"
        half = on_gpu and torch.cuda.is_bf16_supported()
        self._dtype = dtype or (torch.bfloat16 if half else torch.float32)
        self._module = TilesToFeatures(backbone, self.tile_px).eval().to(self._device)
        if on_gpu:
            self._module.to(memory_format=torch.channels_last)
        self._buffers = threading.local()
        self.dim = self.check_tile_px(self.tile_px)

    def encode(self, tiles: np.ndarray) -> np.ndarray:
        """Features float32 [b, dim] of RGB tiles uint8 [b, tile_px, tile_px, 3]."""
        half = self._dtype != torch.float32
        mixed = torch.autocast(self._device.type, self._dtype) if half else contextlib.nullcontext()
        with torch.inference_mode(), mixed:
            return self._module(self._moved(tiles)).float().cpu().numpy()

    def _moved(self, tiles: np.ndarray) -> torch.Tensor:
        given = torch.from_numpy(np.ascontiguousarray(tiles))
        if self._device.type != "cuda":
            return given
        pinned: torch.Tensor | None = getattr(self._buffers, "pinned", None)
        if pinned is None or pinned.shape[1:] != given.shape[1:] or len(pinned) < len(given):
            pinned = self._buffers.pinned = torch.empty(given.shape, dtype=torch.uint8, pin_memory=True)
        # this thread's last copy from its buffer is over: the features have been returned
        buffer = pinned[: len(given)]
        buffer.copy_(given)
        return buffer.to(self._device, non_blocking=True)

    def check_tile_px(self, tile_px: int) -> int:
        """Width of the features of tiles of this side; InputError where it does not take them."""
        try:
            return self.encode(np.zeros((1, tile_px, tile_px, 3), np.uint8)).shape[1]
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"{self.id} was opened for tiles of {self.tile_px} pixels", got=f"{tile_px}: {error}"
            ) from error


def torch_device(name: str) -> torch.device:
    """The device of a name; InputError where there is none."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError("there is no such device", got=name, expected="cpu, cuda or cuda:N") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(
            "there is no such GPU",
            got=name,
            expected=f"one of {torch.cuda.device_count()} that torch sees",
            fix="leave --device out to encode on the CPU",
        )
    return device
