"""A bundle as one zip file: packed, and unpacked within the bounds that its own manifest states."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tumorcast.domain.errors import BundleError
from tumorcast.readers.files import replaced_folder
from tumorcast.serve.manifest import (
    MANIFEST_NAME,
    SIGNATURES_NAME,
    UNSEALED,
    Manifest,
    changed,
    parse_manifest,
)

MOST_MANIFEST_BYTES = 16 << 20
MOST_SIGNATURE_BYTES = 1 << 20
MOST_RATIO = 200
"""Bytes out of a byte of the zip: JSON of repeated numbers reaches 30, a bomb thousands."""
_STEP = 1 << 20
_DATE = (2020, 1, 1, 0, 0, 0)
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def pack_bundle(folder: Path, path: Path, manifest: Manifest) -> None:
    """Write the files of a checked bundle as a zip, atomically; the same bundle gives the same bytes."""
    names = [MANIFEST_NAME, *sorted(manifest.files)]
    if (folder / SIGNATURES_NAME).is_file():
        names.insert(1, SIGNATURES_NAME)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name in names:
                info = zipfile.ZipInfo(name, _DATE)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                info.file_size = (folder / name).stat().st_size
                with (folder / name).open("rb") as source, archive.open(info, "w") as target:
                    shutil.copyfileobj(source, target, _STEP)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def cached_folder(path: Path) -> Path:
    """Where the zip lies unpacked in the user's cache, by the content of manifest and signatures.

    Raises:
        BundleError: as `unpack_bundle`.
    """
    from tumorcast.slides.encoder_cache import cache_folder

    with _opened(path) as archive:
        manifest, texts = _told(archive, path)
        key = hashlib.sha256(b"\0".join(texts[name] for name in sorted(texts))).hexdigest()[:32]
        folder = cache_folder() / "bundles" / key
        if not folder.is_dir():
            _unpack(archive, manifest, path, folder)
    return folder


def forget_cached(folder: Path) -> None:
    """Take an unpacked bundle out of the cache."""
    shutil.rmtree(folder, ignore_errors=True)


def unpack_bundle(path: Path, folder: Path) -> None:
    """Unpack to a folder, which is replaced as a whole; nothing is left of a failed try.

    Raises:
        BundleError: not a zip, damaged, with names other than those of its manifest, or with more bytes.
    """
    with _opened(path) as archive:
        manifest, _ = _told(archive, path)
        _unpack(archive, manifest, path, folder)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except _BAD_ZIP as error:
        raise _unreadable(path, error) from error
    with archive:
        yield archive


def _told(archive: zipfile.ZipFile, path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, after every name and size was compared with it; and the bytes of what it does not list."""
    infos = {info.filename: info for info in archive.infolist()}
    if len(infos) != len(archive.infolist()):
        raise _refused(path, "a name stands twice in the zip")
    for info in archive.infolist():
        _check_entry(info, path)
    if MANIFEST_NAME not in infos:
        raise BundleError(
            f"{path.name} is not a bundle",
            got=f"a zip without {MANIFEST_NAME} at its top",
            fix="pack the bundle with `tumorcast bundle pack`",
        )
    limits = {MANIFEST_NAME: MOST_MANIFEST_BYTES, SIGNATURES_NAME: MOST_SIGNATURE_BYTES}
    texts = {
        name: b"".join(_content(archive, infos[name], limit, path))
        for name, limit in limits.items()
        if name in infos
    }
    manifest = parse_manifest(texts[MANIFEST_NAME], path)
    _compare(infos, manifest, path)
    return manifest, texts


def _check_entry(info: zipfile.ZipInfo, path: Path) -> None:
    name, mode = info.orig_filename, info.external_attr >> 16
    if (
        name != info.filename
        or any(sign in name for sign in ("/", "\\", ":", "\0"))
        or name in ("", ".", "..")
    ):
        raise _refused(path, f"the name {name!r} leads out of the bundle's folder")
    if stat.S_ISLNK(mode) or (mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
        raise _refused(path, f"{name!r} is a link, not a file")
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(path, f"{name!r} is encrypted or compressed in an unknown way")
    if info.file_size > MOST_RATIO * max(info.compress_size, 1) and info.file_size > _STEP:
        raise _refused(path, f"{name!r} would grow {info.file_size / max(info.compress_size, 1):.0f} times")


def _compare(infos: dict[str, zipfile.ZipInfo], manifest: Manifest, path: Path) -> None:
    listed = manifest.files.keys()
    missing, foreign = sorted(listed - infos.keys()), sorted(infos.keys() - listed - set(UNSEALED))
    if missing or foreign:
        raise _refused(path, "; ".join(
            f"{word}: {', '.join(names)}" for word, names in (("missing", missing), ("extra", foreign)) if names
        ))  # fmt: skip
    for name, entry in manifest.files.items():
        if infos[name].file_size != entry.size:
            raise _refused(path, f"{name} has {infos[name].file_size} bytes, the manifest says {entry.size}")


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, path: Path, folder: Path) -> None:
    limits = {name: entry.size for name, entry in manifest.files.items()}
    limits |= {MANIFEST_NAME: MOST_MANIFEST_BYTES, SIGNATURES_NAME: MOST_SIGNATURE_BYTES}
    with replaced_folder(folder) as work:
        for info in archive.infolist():
            found = hashlib.sha256()
            with (work / info.filename).open("xb") as target:
                for part in _content(archive, info, limits[info.filename], path):
                    found.update(part)
                    target.write(part)
            entry = manifest.files.get(info.filename)
            if entry is not None and found.hexdigest() != entry.sha256:
                raise changed(info.filename)
        work.chmod(0o700)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, path: Path) -> Iterator[bytes]:
    """The bytes of an entry, no more than `limit`, whatever the zip's headers claim."""
    left = limit
    try:
        with archive.open(info) as source:
            while part := source.read(min(_STEP, left + 1)):
                left -= len(part)
                if left < 0:
                    raise _refused(path, f"{info.filename} is longer than {limit} bytes")
                yield part
    except _BAD_ZIP as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BundleError:
    return BundleError(
        f"{path.name} is not a readable zip",
        got=str(error).splitlines()[0] if str(error) else type(error).__name__,
        expected="a bundle: a folder, or a zip that `tumorcast bundle pack` wrote",
        fix="copy it again from where it was made",
    )


def _refused(path: Path, why: str) -> BundleError:
    return BundleError(
        f"{path.name} is refused",
        got=why,
        expected="the files that its manifest lists, and no others",
        fix="get the bundle again from who made it",
    )
