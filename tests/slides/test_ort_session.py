"""Which device ONNX Runtime computes on: by one variable, never a failure where there is no CUDA."""

from __future__ import annotations

import numpy as np
import pytest

from toy_lab import write_toy_encoder
from tumorcast.domain.errors import InputError
from tumorcast.slides.ort_session import chosen_providers, device_name, make_session

_BOTH = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
_CPU_ALONE = ("CPUExecutionProvider",)


@pytest.mark.parametrize(
    ("told", "offered", "expected"),
    [
        (None, _BOTH, ["CPUExecutionProvider"]),
        ("", _BOTH, ["CPUExecutionProvider"]),
        ("CPU", _BOTH, ["CPUExecutionProvider"]),
        ("cuda", _BOTH, [("CUDAExecutionProvider", {"device_id": "0"}), "CPUExecutionProvider"]),
        ("cuda:1", _BOTH, [("CUDAExecutionProvider", {"device_id": "1"}), "CPUExecutionProvider"]),
        ("cuda", _CPU_ALONE, ["CPUExecutionProvider"]),
    ],
)
def test_the_variable_chooses_among_what_is_offered(monkeypatch, told, offered, expected):
    monkeypatch.delenv("TUMORCAST_DEVICE", raising=False)
    if told is not None:
        monkeypatch.setenv("TUMORCAST_DEVICE", told)
    assert chosen_providers(offered) == expected


@pytest.mark.parametrize("told", ["gpu", "cuda:x", "cpu:1"])
def test_an_unknown_device_is_refused(monkeypatch, told):
    monkeypatch.setenv("TUMORCAST_DEVICE", told)
    with pytest.raises(InputError, match="names no device"):
        chosen_providers(_BOTH)


def test_the_device_that_a_session_got_is_told():
    class Session:
        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    assert device_name(Session()) == "CUDA"


def test_the_caller_goes_on_computing_with_the_smallest_numbers(tmp_path):
    write_toy_encoder(tmp_path / "encoder.onnx")
    make_session(tmp_path / "encoder.onnx")
    assert np.float64(5e-324) * 1.0 > 0
    assert np.nextafter(np.float32(0), np.float32(1)) * np.float32(1) > 0
