"""CTransPath: Swin-T whose patches are embedded by convolutions (Wang et al., Medical Image Analysis 2022)."""

from __future__ import annotations

import timm
import torch
from timm.models.swin_transformer import checkpoint_filter_fn
from torch import nn

from tumorcast.domain.errors import InputError


class ConvStem(nn.Module):
    """Two strided 3 x 3 convolutions and a 1 x 1 in place of one 4 x 4: [b, 3, h, w] -> [b, h/4, w/4, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        channels = 3
        for wider in (width // 8, width // 4):
            stages += [nn.Conv2d(channels, wider, 3, stride=2, padding=1, bias=False)]
            stages += [nn.BatchNorm2d(wider), nn.ReLU()]
            channels = wider
        self.proj = nn.Sequential(*stages, nn.Conv2d(channels, width, 1))
        self.norm = nn.LayerNorm(width)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return self.norm(self.proj(images).permute(0, 2, 3, 1))


def conv_stem_swin(
    weights: dict[str, torch.Tensor] | None, *, width: int = 96, depths: tuple[int, ...] = (2, 2, 6, 2)
) -> nn.Module:
    """The network at 224 pixels, mean of the last tokens; without weights an untrained one.

    The published tensors are of an older timm, whose stages end with the merging of patches that stages now begin with.

    Raises:
        InputError: the weights are of another network.
    """
    network = timm.create_model(
        "swin_tiny_patch4_window7_224", pretrained=False, num_classes=0, embed_dim=width, depths=depths
    )
    network.patch_embed = ConvStem(width)
    if weights is None:
        return network
    unused = ("attn_mask", "relative_position_index")
    kept = {
        key: tensor
        for key, tensor in weights.items()
        if not key.endswith(unused) and not key.startswith("head.")
    }
    try:
        network.load_state_dict(checkpoint_filter_fn(kept, network), strict=True)
    except (RuntimeError, AttributeError, KeyError) as error:
        raise InputError(
            "the weights are not those of CTransPath", got=" ".join(str(error).split())[:300]
        ) from error
    return network
