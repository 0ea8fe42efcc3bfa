import numpy as np
import pytest
import torch

from tumorcast.cli.encode import open_encoder
from tumorcast.domain.errors import InputError
from tumorcast.nn.torch_encoder import TorchTileEncoder

ENCODER = "timm:resnet10t@random"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("TUMORCAST_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield open_encoder(ENCODER, 96)
    patch.undo()


def _tiles(count):
    return np.random.default_rng(0).integers(0, 256, (count, 96, 96, 3), np.uint8)


def test_torch_and_onnx_give_the_same_features(exported):
    twin = TorchTileEncoder(ENCODER, exported.sha256, 96, "cpu")
    assert (twin.id, twin.dim, twin.tile_px) == (exported.id, exported.dim, exported.tile_px)
    assert (twin.target_mpp, twin.sha256) == (exported.target_mpp, exported.sha256)
    for count in (1, 5):
        assert twin.encode(_tiles(count)) == pytest.approx(exported.encode(_tiles(count)), abs=1e-4)


def test_half_precision_stays_near(exported):
    rough = TorchTileEncoder(ENCODER, "", 96, "cpu", dtype=torch.bfloat16).encode(_tiles(6))
    exact = exported.encode(_tiles(6))
    assert rough.dtype == np.float32
    assert not np.array_equal(rough, exact)
    assert np.abs(rough - exact).mean() < 0.05 * exact.std()


def test_devices_that_are_not_there(exported, tmp_path):
    with pytest.raises(InputError, match="no such device"):
        TorchTileEncoder(ENCODER, "", 96, "tpu")
    with pytest.raises(InputError, match="no such GPU"):
        TorchTileEncoder(ENCODER, "", 96, f"cuda:{torch.cuda.device_count()}")
    with pytest.raises(InputError, match="encoded on the CPU"):
        open_encoder(str(tmp_path / "e.onnx"), device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_stays_near(exported):
    encoder = TorchTileEncoder(ENCODER, exported.sha256, 96, "cuda")
    exact = exported.encode(_tiles(200))
    for count in (200, 3):  # the pinned buffer is used again for fewer tiles
        assert np.abs(encoder.encode(_tiles(200)[:count]) - exact[:count]).mean() < 0.05 * exact.std()
