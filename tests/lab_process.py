"""A lab's command in a process where only what the lab installs can be imported, and only loopback be reached."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GUARD = """
import socket, sys

BLOCKED = {
    "torch", "torchvision", "timm", "torch_geometric", "pytorch_lightning", "mlflow", "onnx", "onnxscript", "sklearn",
    "matplotlib", "imagecodecs", "pysam", "threadpoolctl", "networkx", "safetensors", "ray", "pydicom", "joserfc",
    "httpx",
}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Blocker())
connect = socket.socket.connect

def loopback_only(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise RuntimeError(f"outbound connection to {address}")
    return connect(self, address)

socket.socket.connect = loopback_only
from tumorcast.cli.main import main

code = main(sys.argv[1:])
assert not BLOCKED & {name.split(".")[0] for name in sys.modules}
sys.exit(code)
"""


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """`tumorcast WORDS` in a process of its own, guarded."""
    source = Path(__file__).resolve().parents[1] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(
        [sys.executable, "-c", GUARD, *map(str, words)], env=environment, capture_output=True, text=True
    )
