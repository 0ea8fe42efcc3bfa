"""Every encoder of the catalogue through the path that its published weights take, with small stand-ins."""

import hashlib
import socket
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from nn.tiny_encoders import DEPTH, expected, published, tensors, tiny
from tumorcast.domain.errors import InputError
from tumorcast.export.tile_encoder import export_tile_encoder
from tumorcast.nn import backbones
from tumorcast.nn.backbones import Backbone, load_backbone
from tumorcast.nn.conv_stem import conv_stem_swin
from tumorcast.nn.tile_graph import TilesToFeatures
from tumorcast.nn.vit_weights import pooled_vit
from tumorcast.slides.encoder_cache import cached_encoder_path
from tumorcast.slides.encoder_catalogue import RECORDS, canonical_encoder, find_record
from tumorcast.slides.encoders import OnnxTileEncoder

VITS = [record for record in RECORDS if record.vit]


def _positions(record):
    """Tokens with positions before the patches in each publisher's file."""
    if record.layout in ("hf_vit", "hf_dinov2", "conch", "conch15"):
        return 1
    if record.id == "virchow2":
        return 1 + record.vit.registers
    return 0 if record.vit.registers else 1


def _images(record, count=3):
    return torch.randn(
        (count, 3, record.input_px, record.input_px), generator=torch.Generator().manual_seed(1)
    )


@pytest.mark.parametrize("record", VITS, ids=lambda record: record.id)
def test_published_weights_compute_what_they_should(record):
    small = tiny(record)
    found = tensors(small, _positions(record))
    network = pooled_vit(small, published(small, found)).eval()
    images = _images(small)
    with torch.no_grad():
        features = network(images)
    assert features.shape == (3, small.width)
    assert torch.allclose(features, expected(small, found, images), atol=2e-5)


@pytest.mark.parametrize("name", ["uni_v1", "midnight12k", "gigapath", "hibou_l", "conch_v1", "conch_v15"])
def test_from_file_to_onnx(tmp_path, monkeypatch, name):
    """Resizing, cropping, normalising and pooling are in the graph: uint8 tiles in, the reference's features out."""
    small = replace(tiny(find_record(name)), tile_px=50)
    monkeypatch.setattr(backbones, "find_record", lambda _: small)
    found = tensors(small, _positions(find_record(name)))
    path = tmp_path / "w.safetensors"
    save_file({key: tensor.contiguous() for key, tensor in published(small, found).items()}, path)
    encoder = OnnxTileEncoder(export_tile_encoder(f"{name}@{path}", tmp_path / "e.onnx"))
    assert (encoder.id, encoder.dim, encoder.tile_px) == (name, small.width, 50)
    assert encoder.card.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert encoder.card.licence == small.licence
    smooth = np.random.default_rng(0).integers(0, 255, (3, 7, 7, 3), np.uint8)
    tiles = np.stack([np.asarray(Image.fromarray(each).resize((50, 50), Image.BICUBIC)) for each in smooth])
    how = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}[small.interpolation]
    sized = [Image.fromarray(each).resize((small.resize_px,) * 2, how) for each in tiles]
    cut = (small.resize_px - small.input_px) // 2
    seen = np.stack([np.asarray(each) for each in sized])[
        :, cut : cut + small.input_px, cut : cut + small.input_px
    ]
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in small.norm)
    images = (torch.tensor(seen).permute(0, 3, 1, 2) / 255 - mean) / std
    wanted = expected(small, found, images).numpy()
    # Pillow rounds to whole intensities after each pass
    assert encoder.encode(tiles) == pytest.approx(wanted, abs=0.15)
    assert np.abs(wanted[0] - wanted[1]).max() > 0.5


@pytest.mark.parametrize(("side", "how"), [(256, "bilinear"), (512, "bicubic"), (150, "bicubic")])
def test_resizing_equals_pillow(side, how):
    backbone = Backbone(
        "x", torch.nn.Identity(), side, (0.0,) * 3, (1 / 255,) * 3, resize_px=224, input_px=200
    )
    backbone = replace(backbone, interpolation=how)
    coarse = np.random.default_rng(0).integers(30, 226, (side // 8, side // 8, 3), np.uint8)
    tile = np.asarray(Image.fromarray(coarse).resize((side, side), Image.BILINEAR))
    found = TilesToFeatures(backbone, side)(torch.tensor(tile)[None])[0].permute(1, 2, 0).numpy()
    method = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}[how]
    wanted = np.asarray(Image.fromarray(tile).resize((224, 224), method), float)[12:212, 12:212]
    assert np.abs(found - wanted).max() < 1.6
    assert np.abs(found - wanted).mean() < 0.4


def test_positions_of_another_input_size_are_resampled():
    """Kaiko's ViT-L/14 was trained at 518 pixels and is used at 224."""
    record = find_record("kaiko-vitl14")
    larger = replace(tiny(record), input_px=7 * 14)
    found = tensors(larger, 0)
    ramp = torch.linspace(-1, 1, 7).view(1, 7, 1, 1).expand(1, 7, 7, 24).flatten(1, 2).clone()
    network = pooled_vit(tiny(record), published(larger, found | {"positions": ramp}))
    positions = network.vit.pos_embed.view(3, 3, 24)
    assert torch.allclose(positions[:, 0], positions[:, 2], atol=1e-6)
    assert torch.allclose(positions[0], -positions[2], atol=1e-6)
    assert (positions[2] > 0.5).all()


def test_weights_of_another_encoder_are_refused():
    virchow = tiny(find_record("virchow"))
    weights = published(virchow, tensors(virchow, 1))
    with pytest.raises(InputError, match="not those of UNI") as refused:
        pooled_vit(tiny(find_record("uni_v1")), weights)
    assert "14 px" in str(refused.value)
    with pytest.raises(InputError, match="a tensor named"):
        pooled_vit(virchow, {"conv1.weight": torch.zeros(1)})
    lacking = {key: tensor for key, tensor in weights.items() if key != "blocks.1.norm2.bias"}
    with pytest.raises(InputError, match=r"blocks\.1\.norm2\.bias"):
        pooled_vit(virchow, lacking)


def test_ctranspath_merges_patches_where_its_own_code_does():
    """The published tensors number the merging of patches by the stage that they end."""
    network = conv_stem_swin(None, width=16, depths=(1, 1, 1, 1)).eval()
    state = network.state_dict()
    theirs = {}
    for key, tensor in state.items():
        if ".downsample." in key:
            stage = int(key.split(".")[1])
            key = key.replace(f"layers.{stage}.", f"layers.{stage - 1}.")
        theirs[key] = tensor
    theirs |= {"head.weight": torch.zeros(10, 128), "layers.0.blocks.0.attn_mask": torch.zeros(1)}
    theirs["layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(49, 49, dtype=torch.long)
    again = conv_stem_swin(theirs, width=16, depths=(1, 1, 1, 1)).eval()
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(network(images), again(images))
        assert network(images).shape == (2, 128)
    with pytest.raises(InputError, match="not those of CTransPath"):
        conv_stem_swin({"conv1.weight": torch.zeros(1)})


def test_resnet_is_cut_after_its_third_stage(tmp_path):
    import timm

    full = timm.create_model("resnet50").eval()
    path = tmp_path / "r.safetensors"
    save_file(full.state_dict(), path)
    backbone = load_backbone(f"resnet50@{path}")
    images = torch.randn(1, 3, 64, 64)
    x = full.maxpool(full.act1(full.bn1(full.conv1(images))))
    wanted = full.layer3(full.layer2(full.layer1(x))).mean((2, 3))
    assert torch.allclose(backbone.network(images), wanted, atol=1e-5)
    assert (backbone.tile_px, backbone.input_px, wanted.shape[1]) == (256, 224, 1024)


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("uni", "uni_v1"),
        ("UNI2-h", "uni_v2"),
        ("conch1_5", "conch_v15"),
        ("h-optimus-0", "hoptimus0"),
        ("virchow-full", "virchow"),
        ("chief-ctranspath", "ctranspath"),
        ("Phikon_V2", "phikon_v2"),
        ("hibou-L", "hibou_l"),
        ("kaiko_vitb16", "kaiko-vitb16"),
        ("something-else", "something-else"),
    ],
)
def test_aliases(typed, means):
    assert canonical_encoder(typed) == means


def test_names_are_unambiguous():
    spelled = [
        (name.lower().replace("-", "").replace("_", ""), r.id) for r in RECORDS for name in (r.id, *r.aliases)
    ]
    assert len(dict(spelled)) == len({(name, record) for name, record in spelled})


def test_widths_follow_from_shape_and_pooling():
    for record in VITS:
        if record.pooling != "attention":
            tokens = 2 if record.pooling == "class+mean" else 1
            assert record.width == tokens * record.vit.width, record.id
        assert record.input_px % record.vit.patch == 0, record.id
        assert record.vit.width % record.vit.heads == 0, record.id
        assert record.input_px <= record.resize_px <= record.tile_px or record.tile_px == 224, record.id


def test_nothing_is_fetched_unasked(monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *args, **more: pytest.fail("a connection was tried"))
    for record in RECORDS:
        with pytest.raises(InputError, match="no weights are given") as refused:
            load_backbone(record.id)
        assert f"{record.id}@FILE" in str(refused.value)


def test_terms_are_told_before_a_download(monkeypatch, capsys):
    order = []

    def refuse(repository, file):
        order.append(capsys.readouterr().err)
        raise OSError("no route to host")

    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    with pytest.raises(InputError, match=r"did not give pytorch_model\.bin") as refused:
        load_backbone("virchow2", allow_download=True)
    assert "CC-BY-NC-ND-4.0" in order[0]
    assert "on request" in order[0]
    assert "virchow2@FILE" in str(refused.value)


def test_missing_access_is_told(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    def refuse(repository, file):
        raise GatedRepoError("403", response=SimpleNamespace(headers={}, request=None, status_code=403))

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    with pytest.raises(InputError, match="not granted access") as refused:
        load_backbone("uni_v2", allow_download=True)
    assert "HF_TOKEN" in str(refused.value)


def test_checksums(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert cached_encoder_path(f"uni@{path}#sha256={digest}") == cached_encoder_path(f"uni_v1@{path}")
    with pytest.raises(InputError, match="not the file that was meant"):
        load_backbone(f"uni_v1@{path}#sha256={'0' * 64}")
    with pytest.raises(InputError, match="checksum of the weights cannot be read"):
        load_backbone(f"uni_v1@{path}#abc")
    with pytest.raises(InputError, match="no such weight file"):
        cached_encoder_path(f"uni_v1@{tmp_path / 'nowhere.bin'}")


def test_untrained_stand_in_of_full_size():
    backbone = load_backbone("kaiko-vits16@random")
    assert backbone.id == "kaiko-vits16@random"
    assert len(backbone.network.vit.blocks) == 12 > DEPTH
    assert backbone.network(torch.zeros(1, 3, 224, 224)).shape == (1, 384)
