"""Tensors from a torch file (`.pt`) without torch and without running anything that the file says.

A torch file is a zip with a pickle that describes tensors and raw storages beside it (torch.save since 1.6). The
pickle is read by an unpickler that knows a few harmless names and refuses all others.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tumorcast.domain.errors import InputError

_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype("<u2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}
_MOST_DESCRIPTION = 1 << 20


@dataclass(frozen=True)
class _Kind:
    name: str


@dataclass(frozen=True)
class _Storage:
    kind: _Kind
    key: str


def read_torch_file(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a `.pt` file: by name where it holds a dictionary, else one under "".

    Raises:
        InputError: the file is missing, damaged, of the format before torch 1.6, or holds anything but tensors.
    """
    if not path.is_file():
        raise InputError("there is no such feature file", got=path)
    try:
        with zipfile.ZipFile(path) as archive:
            content = _Tensors(archive).load()
    except (zipfile.BadZipFile, pickle.UnpicklingError, EOFError, OSError, KeyError) as error:
        raise _unusable(path, error) from error
    except (ValueError, TypeError, IndexError, AttributeError, MemoryError) as error:
        raise _unusable(path, error) from error
    if isinstance(content, np.ndarray):
        return {"": content}
    if isinstance(content, dict):
        return {str(key): each for key, each in content.items() if isinstance(each, np.ndarray)}
    raise _unusable(path, type(content).__name__)


def _unusable(path: Path, error: object) -> InputError:
    return InputError(
        f"{path.name} is not a torch file of plain tensors",
        got=str(error) or type(error).__name__,
        expected="torch.save of a tensor [n, dim] (torch 1.6 or later)",
        fix="save it again with torch.save(features.cpu(), FILE)",
    )


class _Tensors(pickle.Unpickler):
    """Reads the description; tensors come out as arrays."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1 or archive.getinfo(names[0]).file_size > _MOST_DESCRIPTION:
            raise ValueError("no description of tensors")
        super().__init__(io.BytesIO(archive.read(names[0])))
        self._archive, self._root = archive, names[0].removesuffix("data.pkl")
        order = f"{self._root}byteorder"
        if order in archive.namelist() and archive.read(order).strip() != b"little":
            raise ValueError("written on a big-endian machine")

    def find_class(self, module: str, name: str) -> Any:
        """The few names that a description of tensors needs."""
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _DTYPES:
            return _Kind(name)
        raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which is not allowed")

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage: ("storage", kind, key, device, count)."""
        word, kind, key = pid[:3]
        if word != "storage" or not isinstance(kind, _Kind) or not isinstance(key, str):
            raise pickle.UnpicklingError("an unknown kind of reference")
        return _Storage(kind, key)

    def _tensor(self, storage: _Storage, offset: int, shape: Any, strides: Any, *_: object) -> np.ndarray:
        dtype = _DTYPES[storage.kind.name]
        member = self._archive.getinfo(f"{self._root}data/{storage.key}")
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError("its storage is compressed")
        values = np.frombuffer(self._archive.read(member), dtype)
        last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
        if min((offset, *shape, *strides), default=0) < 0 or (0 not in shape and last >= len(values)):
            raise ValueError(f"a tensor {tuple(shape)} that is larger than its storage")
        steps = [step * dtype.itemsize for step in strides]
        view = np.lib.stride_tricks.as_strided(values[offset:], shape, steps)
        if storage.kind.name == "BFloat16Storage":
            return (view.astype(np.uint32) << 16).view(np.float32)
        return np.ascontiguousarray(view)
