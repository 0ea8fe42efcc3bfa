"""The one place for ONNX Runtime's thread and allocator settings.

Measured with EfficientNet-Lite0 at batch 32 on two cores:
- `intra_op_num_threads`: every core that the process may use. More only spin against each other.
- `allow_spinning` 0: idle ORT threads sleep, so that the threads which decode tiles get the cores.
- The CPU arena and memory pattern stay on: activations of a batch are reused instead of being returned
  to the system after every batch.
- Denormals to zero: tiny activations of near-white tiles cost a hundred times a normal one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tumorcast.domain.errors import InputError

if TYPE_CHECKING:
    import onnxruntime

_ERRORS_ONLY = 3


def available_cores() -> int:
    """Cores that this process may run on (affinity, `OMP_NUM_THREADS` where it is lower)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdigit() and int(limit) > 0 else cores


def make_session(path: Path | str, threads: int | None = None) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU.

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
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ORT raises its own unrelated exception classes
        raise InputError(
            f"{Path(path).name} is not a usable ONNX graph", got=str(error).splitlines()[0]
        ) from error
