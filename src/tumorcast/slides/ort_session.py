"""The one place for ONNX Runtime's settings: threads, allocator, device.

The device is the CPU; with `TUMORCAST_DEVICE=cuda` (or `cuda:1`) a CUDA device, where onnxruntime was built with it
(`onnxruntime-gpu`) and finds one. Without one the CPU computes, and `device_name` says so.

Measured with EfficientNet-Lite0 at batch 32 on two cores:
- `intra_op_num_threads`: every core that the process may use. More only spin against each other.
- `allow_spinning` 0: idle ORT threads sleep, so that the threads which decode tiles get the cores.
- The CPU arena and memory pattern stay on: activations of a batch are reused instead of being returned
  to the system after every batch.
- Denormals to zero: tiny activations of near-white tiles cost a hundred times a normal one. The setting changes the
  thread that makes the session too, and with it all that the caller computes later: sessions are made in a thread of
  their own that ends.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tumorcast.domain.errors import InputError

if TYPE_CHECKING:
    import onnxruntime

DEVICE_VARIABLE = "TUMORCAST_DEVICE"
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_ERRORS_ONLY = 3


def available_cores() -> int:
    """Cores that this process may run on (affinity, `OMP_NUM_THREADS` where it is lower)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdigit() and int(limit) > 0 else cores


def device_name(session: onnxruntime.InferenceSession) -> str:
    """ "CPU" or "CUDA": what a session computes on."""
    return str(session.get_providers()[0]).removesuffix("ExecutionProvider")


def chosen_providers(offered: Sequence[str]) -> list[str | tuple[str, dict[str, str]]]:
    """ONNX Runtime's providers in order, by `TUMORCAST_DEVICE`, among those offered; the CPU is always the last.

    Raises:
        InputError: the variable is none of cpu, cuda, cuda:N.
    """
    told = os.environ.get(DEVICE_VARIABLE, "cpu").strip().lower() or "cpu"
    kind, _, number = told.partition(":")
    if kind not in ("cpu", "cuda") or (number and not (kind == "cuda" and number.isdigit())):
        raise InputError(f"{DEVICE_VARIABLE} names no device", got=told, expected="cpu, cuda or cuda:N")
    if kind == "cuda" and _CUDA in offered:
        return [(_CUDA, {"device_id": number or "0"}), _CPU]
    return [_CPU]


def make_session(path: Path | str, threads: int | None = None) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the chosen device.

    Args:
        path: the ONNX file.
        threads: threads within an operator; None is every available core.

    Raises:
        InputError: the file is missing or not a valid ONNX graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or available_cores()
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = True
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    if not Path(path).is_file():
        raise InputError("there is no such ONNX file", got=path)
    providers = chosen_providers(onnxruntime.get_available_providers())
    try:
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(
                onnxruntime.InferenceSession, str(path), options, providers=providers
            ).result()
    except Exception as error:  # ORT raises its own unrelated exception classes
        raise InputError(
            f"{Path(path).name} is not a usable ONNX graph", got=str(error).splitlines()[0]
        ) from error
