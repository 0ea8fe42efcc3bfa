"""Adapters of low rank: they start as nothing, learn alone, and go into the weights without a trace."""

from __future__ import annotations

import copy

import pytest
import timm
import torch
from torch import nn

from nn.tiny_encoders import tiny
from tumorcast.config.finetune import FinetuneConfig
from tumorcast.domain.errors import InputError
from tumorcast.nn.conv_stem import conv_stem_swin
from tumorcast.nn.lora import LowRank, add_adapters, check_reached, merge_adapters
from tumorcast.nn.trained_part import block_names, open_for_training
from tumorcast.nn.vit_weights import pooled_vit
from tumorcast.slides.encoder_catalogue import find_record


def _vit(name):
    """Layer scale as after training, not the hundred-thousandth that it starts from."""
    network = pooled_vit(tiny(find_record(name)), None).eval()
    for part, parameter in network.named_parameters():
        if part.endswith("gamma"):
            nn.init.constant_(parameter, 0.5)
    return network, torch.randn(2, 3, *_side(name))


def _side(name):
    return (tiny(find_record(name)).input_px,) * 2


def _networks():
    yield "vit", *_vit("uni_v1")
    yield "gated vit with registers", *_vit("virchow2")
    yield "vit with a pooler that reads its weights", *_vit("conch_v1")
    yield (
        "convolutions",
        timm.create_model("test_efficientnet", num_classes=0).eval(),
        torch.randn(2, 3, 96, 96),
    )
    yield "swin", conv_stem_swin(None, width=24, depths=(1, 1, 1, 1)).eval(), torch.randn(2, 3, 224, 224)


@pytest.mark.parametrize(("network", "images"), [n[1:] for n in _networks()], ids=[n[0] for n in _networks()])
def test_start_as_identity_learn_alone_and_merge(network, images):
    torch.manual_seed(0)
    with torch.no_grad():
        before = network(images)
    names, found = set(network.state_dict()), copy.deepcopy(network.state_dict())
    assert add_adapters(network, 3)
    with torch.no_grad():
        assert torch.allclose(network(images), before, rtol=1e-6, atol=1e-6)
    network(images).square().sum().backward()
    check_reached(network)
    learns = {name for name, each in network.named_parameters() if each.grad is not None}
    assert learns
    assert all(name.endswith((".up", ".down")) for name in learns)
    assert learns == {name for name, each in network.named_parameters() if each.requires_grad}
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, LowRank):
                module.up.normal_(0, 0.05)
        unmerged = network(images)
        assert (unmerged - before).abs().max() > 1e-3 * before.abs().max()
        merge_adapters(network)
        assert (network(images) - unmerged).abs().max() < 1e-5 * max(1.0, float(unmerged.abs().max()))
    assert set(network.state_dict()) == names
    assert any(not torch.equal(found[name], each) for name, each in network.state_dict().items())


def test_the_scale_is_alpha_over_rank():
    adapter = LowRank(nn.Linear(5, 4), rank=2, alpha=6.0)
    nn.init.normal_(adapter.up)
    x = torch.randn(7, 5)
    wanted = x @ (adapter.layer.weight + 3 * adapter.up @ adapter.down).T + adapter.layer.bias
    assert torch.allclose(adapter(x), wanted, atol=1e-5)


def test_strided_convolution():
    layer = nn.Conv2d(4, 6, 1, stride=2, bias=False)
    network = nn.Sequential(layer)
    add_adapters(network, 2)
    nn.init.normal_(network[0].up)
    x = torch.randn(1, 4, 9, 9)
    told = network(x)
    merge_adapters(network)
    assert torch.allclose(network(x), told, atol=1e-5)


@pytest.mark.parametrize("rank", [0, -1])
def test_rank_without_meaning_is_refused(rank):
    with pytest.raises(InputError, match="rank"):
        add_adapters(nn.Sequential(nn.Linear(2, 2)), rank)


def test_a_network_without_such_layers_is_refused():
    with pytest.raises(InputError, match="no layers for adapters"):
        add_adapters(nn.Sequential(nn.Conv2d(3, 3, 3)), 2)


def test_weights_read_past_their_layer_are_found_out():
    class Past(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.read = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            layer = getattr(self.read, "layer", self.read)
            return self.used(x) @ layer.weight

    network = Past()
    add_adapters(network, 1)
    network(torch.ones(1, 2)).sum().backward()
    with pytest.raises(InputError, match="past the layers"):
        check_reached(network)


@pytest.mark.parametrize(("network", "images"), [n[1:] for n in _networks()], ids=[n[0] for n in _networks()])
def test_last_blocks_and_what_follows_are_trained(network, images):
    config = FinetuneConfig(method="last-blocks", blocks=1)
    opened = open_for_training(network, config)
    names = [name for name, each in network.named_parameters() if each.requires_grad]
    last = block_names(network)[-1]
    assert len(opened) == len(names)
    assert names[0].startswith(last)
    assert 0 < len(names) < len(list(network.parameters()))
    assert not network.training


def test_more_blocks_than_there_are():
    network, _ = _vit("uni_v1")
    with pytest.raises(InputError, match="fewer blocks"):
        open_for_training(network, FinetuneConfig(method="last-blocks", blocks=9))


def test_all_is_trained_in_full():
    network, _ = _vit("uni_v1")
    assert len(open_for_training(network, FinetuneConfig(method="full"))) == len(list(network.parameters()))
