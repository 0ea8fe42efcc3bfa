"""A locked requirements file as pins, and those that a platform needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker, default_environment

PLATFORMS: dict[str, dict[str, str]] = {
    "linux-x86_64": {
        "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64",
    },
    "windows-amd64": {
        "sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64",
    },
}  # fmt: skip
"""What requirements may ask of a machine (PEP 508), by the names of the wheelhouses."""

WHEEL_TAGS = {
    "linux-x86_64": (
        "manylinux_2_28_x86_64",
        "manylinux_2_27_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    ),
    "windows-amd64": ("win_amd64",),
}
"""Of the wheels that are fetched; glibc 2.28 is that of RHEL 8 and Debian 10."""

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>.*?))?\s*\\?$")
_HASH = re.compile(r"^\s+--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One package: name, version, PEP 508 marker ("" for always), sha256 of every file of it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    def is_needed(self, platform: str, python: str) -> bool:
        """Whether a CPython `python` (such as 3.11) on the platform needs it."""
        told = {**default_environment(), **PLATFORMS[platform]}
        told |= {"python_version": python, "python_full_version": f"{python}.0"}
        told |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
        return not self.marker or Marker(self.marker).evaluate(told)


def read_lock(path: Path) -> list[Pin]:
    """Pins in the file's order; ValueError at a line that is none."""
    pins: list[Pin] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if found := _HASH.match(line):
            last = pins.pop()
            pins.append(Pin(last.name, last.version, last.marker, (*last.hashes, found[1])))
        elif found := _PIN.match(line):
            pins.append(Pin(found["name"], found["version"], found["marker"] or "", ()))
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"{path.name} line {number} is no pin: {line}")
    return pins


def write_pins(path: Path, pins: list[Pin]) -> None:
    """The same format, without markers."""
    rows = (
        " \\\n    ".join([f"{pin.name}=={pin.version}", *(f"--hash=sha256:{each}" for each in pin.hashes)])
        for pin in pins
    )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
