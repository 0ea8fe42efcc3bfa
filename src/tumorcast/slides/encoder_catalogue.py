"""The tile encoders that users call by name: what each one wants to see, what it gives and on what terms.

Names are TRIDENT's; STAMP's and the hub's spellings are aliases. Facts are from the models' cards and papers and from
the published code of TRIDENT and STAMP (read in 2026); where those disagree the card decides and `note` says so.
Licences are given for orientation: the card of the day decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Pooling = Literal["class", "class+mean", "attention", "mean"]
Layout = Literal["timm", "hf_vit", "hf_dinov2", "conch", "conch15", "ctranspath", "resnet50"]
Norm = tuple[tuple[float, float, float], tuple[float, float, float]]

IMAGENET: Norm = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF: Norm = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
H_OPTIMUS: Norm = ((0.707223, 0.578729, 0.703617), (0.211883, 0.230117, 0.177517))
HIBOU: Norm = ((0.7068, 0.5755, 0.722), (0.195, 0.2316, 0.1816))
LUNIT: Norm = ((0.70322989, 0.53606487, 0.66096631), (0.21716536, 0.26081574, 0.20723464))

_NC_ND = "CC-BY-NC-ND-4.0"


@dataclass(frozen=True)
class VitShape:
    """A vision transformer (Dosovitskiy et al. 2021).

    Attributes:
        patch: side of a patch, px.
        width: of a token.
        depth: blocks.
        heads: of the attention.
        hidden: width of the layer within a block's MLP, after gating where it is gated.
        registers: tokens beside the class token (Darcet et al. 2024).
        gated: SwiGLU (Shazeer 2020) instead of GELU.
        scaled: layer scale (Touvron et al. 2021).
    """

    patch: int
    width: int
    depth: int
    heads: int
    hidden: int
    registers: int = 0
    gated: bool = False
    scaled: bool = True


@dataclass(frozen=True)
class EncoderRecord:
    """One encoder.

    Attributes:
        id: its name.
        title: its name in publications, with the source.
        aliases: other spellings.
        repository, file: where the publisher keeps the weights; a repository of "" is not on the hub.
        layout: how the tensors of that file are named.
        vit: the transformer; None for other networks.
        pooling: how tokens become one vector.
        width: of that vector.
        target_mpp, tile_px: um/px and side of the tiles it is fed.
        resize_px, input_px: the tile is resized to the first (antialiased) and its centre of the second is used.
        interpolation: of that resize.
        norm: mean and standard deviation of intensities in 0..1.
        licence: as the card names it.
        gated: the publisher grants access on request.
        note: what to know before use; "" if nothing.
    """

    id: str
    title: str
    aliases: tuple[str, ...]
    repository: str
    file: str
    layout: Layout
    vit: VitShape | None
    pooling: Pooling
    width: int
    licence: str
    gated: bool
    tile_px: int = 224
    target_mpp: float = 0.5
    resize_px: int = 224
    input_px: int = 224
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    norm: Norm = IMAGENET
    note: str = ""

    @property
    def field_um(self) -> float:
        """Side of a tile in micrometres."""
        return self.tile_px * self.target_mpp


_SMALL8 = VitShape(8, 384, 12, 6, 1536, scaled=False)
_SMALL16 = VitShape(16, 384, 12, 6, 1536, scaled=False)
_BASE8 = VitShape(8, 768, 12, 12, 3072, scaled=False)
_BASE16 = VitShape(16, 768, 12, 12, 3072, scaled=False)
_LARGE16 = VitShape(16, 1024, 24, 16, 4096)
_HUGE14 = VitShape(14, 1280, 32, 16, 3416, gated=True)
_GIANT14_REG = VitShape(14, 1536, 40, 24, 4096, registers=4, gated=True)


def _kaiko(size: str, model: str, vit: VitShape, width: int) -> EncoderRecord:
    return EncoderRecord(
        id=f"kaiko-{size}",
        title=f"Kaiko ViT {size} (Aben et al. 2024)",
        aliases=(f"kaiko_{size}", f"kaiko{size}"),
        repository=f"1aurent/{model}.kaiko_ai_towards_large_pathology_fms",
        file="model.safetensors",
        layout="timm",
        vit=vit,
        pooling="class",
        width=width,
        licence="see the card",
        gated=False,
        tile_px=256,
        norm=HALF,
    )


RECORDS: tuple[EncoderRecord, ...] = (
    EncoderRecord(
        "uni_v1",
        "UNI (Chen et al., Nature Medicine 2024)",
        ("uni", "univ1"),
        "MahmoodLab/UNI",
        "pytorch_model.bin",
        "timm",
        _LARGE16,
        "class",
        1024,
        _NC_ND,
        True,
        tile_px=256,
    ),
    EncoderRecord(
        "uni_v2",
        "UNI2-h (Mahmood Lab 2025)",
        ("uni2", "uni2-h", "univ2"),
        "MahmoodLab/UNI2-h",
        "pytorch_model.bin",
        "timm",
        VitShape(14, 1536, 24, 24, 4096, registers=8, gated=True),
        "class",
        1536,
        _NC_ND,
        True,
        tile_px=256,
    ),
    EncoderRecord(
        "conch_v1",
        "CONCH (Lu et al., Nature Medicine 2024), vision tower before the projection",
        ("conch", "conchv1"),
        "MahmoodLab/CONCH",
        "pytorch_model.bin",
        "conch",
        VitShape(16, 768, 12, 12, 3072, scaled=False),
        "attention",
        512,
        _NC_ND,
        True,
        tile_px=512,
        resize_px=448,
        input_px=448,
        interpolation="bicubic",
    ),
    EncoderRecord(
        "conch_v15",
        "CONCH v1.5 (Ding et al. 2024, the tile encoder of TITAN)",
        ("conch1_5", "conchv1_5", "conch_v1_5"),
        "MahmoodLab/conchv1_5",
        "pytorch_model_vision.bin",
        "conch15",
        _LARGE16,
        "attention",
        768,
        _NC_ND,
        True,
        tile_px=512,
        resize_px=448,
        input_px=448,
    ),
    EncoderRecord(
        "virchow",
        "Virchow (Vorontsov et al., Nature Medicine 2024)",
        ("virchow-full", "virchow_v1"),
        "paige-ai/Virchow",
        "pytorch_model.bin",
        "timm",
        _HUGE14,
        "class+mean",
        2560,
        "Apache-2.0",
        True,
        interpolation="bicubic",
        note="STAMP's 'virchow' is the class token alone (1280); this is its 'virchow-full', as the card asks",
    ),
    EncoderRecord(
        "virchow2",
        "Virchow2 (Zimmermann et al. 2024)",
        ("virchow_v2",),
        "paige-ai/Virchow2",
        "pytorch_model.bin",
        "timm",
        VitShape(14, 1280, 32, 16, 3416, registers=4, gated=True),
        "class+mean",
        2560,
        _NC_ND,
        True,
        interpolation="bicubic",
        note="the four register tokens are left out of the mean, as the card asks",
    ),
    EncoderRecord(
        "gigapath",
        "Prov-GigaPath tile encoder (Xu et al., Nature 2024)",
        ("prov-gigapath", "prov_gigapath"),
        "prov-gigapath/prov-gigapath",
        "pytorch_model.bin",
        "timm",
        VitShape(16, 1536, 40, 24, 4096, gated=True),
        "class",
        1536,
        "Apache-2.0",
        True,
        tile_px=256,
        resize_px=256,
        interpolation="bicubic",
        note="the outer 16 pixels of a tile are not seen: the card crops 256 to 224",
    ),
    EncoderRecord(
        "hoptimus0",
        "H-optimus-0 (Bioptimus 2024)",
        ("h-optimus-0", "h_optimus_0"),
        "bioptimus/H-optimus-0",
        "pytorch_model.bin",
        "timm",
        _GIANT14_REG,
        "class",
        1536,
        "Apache-2.0",
        True,
        norm=H_OPTIMUS,
    ),
    EncoderRecord(
        "hoptimus1",
        "H-optimus-1 (Bioptimus 2025)",
        ("h-optimus-1", "h_optimus_1"),
        "bioptimus/H-optimus-1",
        "pytorch_model.bin",
        "timm",
        _GIANT14_REG,
        "class",
        1536,
        _NC_ND,
        True,
        norm=H_OPTIMUS,
    ),
    EncoderRecord(
        "h0-mini",
        "H0-mini (Filiot et al. 2025)",
        ("h0_mini", "h0mini"),
        "bioptimus/H0-mini",
        "model.safetensors",
        "timm",
        VitShape(14, 768, 12, 12, 2048, registers=4, gated=True),
        "class",
        768,
        _NC_ND,
        True,
        norm=H_OPTIMUS,
        note="the card also describes class + mean of patch tokens (1536); this is the class token, as in TRIDENT",
    ),
    EncoderRecord(
        "phikon",
        "Phikon (Filiot et al. 2023)",
        ("phikon_v1", "phikon-v1"),
        "owkin/phikon",
        "model.safetensors",
        "hf_vit",
        _BASE16,
        "class",
        768,
        "Owkin non-commercial",
        False,
    ),
    EncoderRecord(
        "phikon_v2",
        "Phikon-v2 (Filiot et al. 2024)",
        ("phikon-v2", "phikonv2"),
        "owkin/phikon-v2",
        "model.safetensors",
        "hf_dinov2",
        _LARGE16,
        "class",
        1024,
        "Owkin non-commercial",
        False,
    ),
    EncoderRecord(
        "midnight12k",
        "Midnight-12k (Karasikov et al. 2025)",
        ("midnight", "midnight-12k", "midnight_12k"),
        "kaiko-ai/midnight",
        "model.safetensors",
        "hf_dinov2",
        VitShape(14, 1536, 40, 24, 4096, gated=True),
        "class+mean",
        3072,
        "MIT",
        False,
        norm=HALF,
        note="class + mean of patch tokens, as the card asks; TRIDENT's code takes the class token (1536) unless told",
    ),
    EncoderRecord(
        "hibou_b",
        "Hibou-B (Nechaev et al. 2024)",
        ("hibou-b",),
        "histai/hibou-b",
        "model.safetensors",
        "hf_dinov2",
        VitShape(14, 768, 12, 12, 3072, registers=4),
        "class",
        768,
        "Apache-2.0",
        True,
        norm=HIBOU,
        interpolation="bicubic",
    ),
    EncoderRecord(
        "hibou_l",
        "Hibou-L (Nechaev et al. 2024)",
        ("hibou-l", "hibou"),
        "histai/hibou-L",
        "model.safetensors",
        "hf_dinov2",
        VitShape(14, 1024, 24, 16, 4096, registers=4),
        "class",
        1024,
        "Apache-2.0",
        True,
        norm=HIBOU,
        interpolation="bicubic",
    ),
    _kaiko("vits8", "vit_small_patch8_224", _SMALL8, 384),
    _kaiko("vits16", "vit_small_patch16_224", _SMALL16, 384),
    _kaiko("vitb8", "vit_base_patch8_224", _BASE8, 768),
    _kaiko("vitb16", "vit_base_patch16_224", _BASE16, 768),
    _kaiko("vitl14", "vit_large_patch14_reg4_dinov2", VitShape(14, 1024, 24, 16, 4096, registers=4), 1024),
    EncoderRecord(
        "lunit-vits8",
        "Lunit DINO ViT-S/8 (Kang et al., CVPR 2023)",
        ("lunit_vits8", "lunit"),
        "1aurent/vit_small_patch8_224.lunit_dino",
        "model.safetensors",
        "timm",
        _SMALL8,
        "class",
        384,
        "see the card (non-commercial)",
        False,
        norm=LUNIT,
        interpolation="bicubic",
    ),
    EncoderRecord(
        "ctranspath",
        "CTransPath (Wang et al., Medical Image Analysis 2022)",
        ("chief-ctranspath", "chief_ctranspath"),
        "",
        "ctranspath.pth",
        "ctranspath",
        None,
        "mean",
        768,
        "GPL-3.0",
        False,
        tile_px=256,
        target_mpp=1.0,
        note="not on the hub: fetch ctranspath.pth as the authors say (Xiyue-Wang/TransPath), or CHIEF's file",
    ),
    EncoderRecord(
        "resnet50",
        "ResNet-50, ImageNet, cut after its third stage (He et al. 2016; the encoder of CLAM)",
        ("resnet50-imagenet", "resnet50_trunc"),
        "timm/resnet50.tv_in1k",
        "model.safetensors",
        "resnet50",
        None,
        "mean",
        1024,
        "BSD-3-Clause",
        False,
        tile_px=256,
    ),
)

_BY_NAME = {name: record for record in RECORDS for name in (record.id, *record.aliases)}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


_BY_PLAIN_NAME = {_plain(name): record for name, record in _BY_NAME.items()}


def find_record(name: str) -> EncoderRecord | None:
    """The record of a name or alias, in any spelling of case, hyphens and underscores."""
    return _BY_NAME.get(name) or _BY_PLAIN_NAME.get(_plain(name))


def canonical_encoder(name: str) -> str:
    """One spelling for the encoder names that stores of other tools carry; unknown names as they are."""
    record = find_record(name)
    return record.id if record else name


def names() -> list[str]:
    """Every id and alias."""
    return list(_BY_NAME)
