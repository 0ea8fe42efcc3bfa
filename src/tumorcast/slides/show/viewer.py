"""OpenSeadragon (BSD-3-Clause), which shows the pages: kept in the cache, from its registry package, by checksum."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tumorcast.domain.errors import InputError
from tumorcast.slides.encoder_cache import cache_folder
from tumorcast.slides.owner import written_whole

VERSION = "6.1.1"
SCRIPT = "openseadragon.min.js"
SHA256 = "14d587cd3ee7c4861f1a41077ce642029364a21029956ba635bd8fb1202cf9ad"
LICENCE = "openseadragon-LICENSE.txt"
_MEMBERS = {SCRIPT: f"package/build/openseadragon/{SCRIPT}", LICENCE: "package/LICENSE.txt"}
_MOST_BYTES = 5_000_000


def viewer_files() -> list[Path]:
    """Script and licence in the cache; InputError with the way to get them where they are not there."""
    paths = [_folder() / SCRIPT, _folder() / LICENCE]
    if not all(path.is_file() for path in paths):
        raise InputError(
            "the viewer of zoomable pages is not installed",
            expected=f"OpenSeadragon {VERSION}",
            fix="run tumorcast slides viewer (needs npm), or give it --from openseadragon-"
            f"{VERSION}.tgz, which npm pack openseadragon@{VERSION} writes on another machine",
        )
    return paths


def _folder() -> Path:
    return cache_folder() / f"openseadragon-{VERSION}"


def install_viewer(package: Path | None) -> Path:
    """Put script and licence of a package file (None: fetched with npm) into the cache; returns the folder.

    Raises:
        InputError: no npm, no such package, or its script is not the one that is known.
    """
    with tempfile.TemporaryDirectory() as work:
        contents = checked_package(package or fetch_package(Path(work)))
    for name, content in contents.items():
        with written_whole(_folder() / name) as temporary:
            temporary.write_bytes(content)
    return _folder()


def checked_package(package: Path) -> dict[str, bytes]:
    """Name -> content of the package's script and licence.

    Raises:
        InputError: no such package, or its script is not the one that is known.
    """
    contents = _contents_of(package)
    found = hashlib.sha256(contents[SCRIPT]).hexdigest()
    if found != SHA256:
        raise InputError(f"this is not OpenSeadragon {VERSION}", got=f"sha256 {found}", expected=SHA256)
    return contents


def fetch_package(work: Path) -> Path:
    """The registry's package file, fetched with npm into a folder.

    Raises:
        InputError: no npm, or it has no way to the registry.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("npm is not installed", fix=f"give --from openseadragon-{VERSION}.tgz")
    command = [npm, "pack", f"openseadragon@{VERSION}", "--silent"]
    done = subprocess.run(
        command, cwd=work, capture_output=True, encoding="utf-8", errors="replace", timeout=300, check=False
    )
    files = list(work.glob("*.tgz"))
    if done.returncode or not files:
        raise InputError("npm did not give the package", got=(done.stderr or done.stdout).strip()[-300:])
    return files[0]


def _contents_of(package: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(package, "r:gz") as archive:
            return {name: _content(archive, member) for name, member in _MEMBERS.items()}
    except (OSError, tarfile.TarError, KeyError, EOFError) as error:
        raise InputError(
            "this is not the registry's package of OpenSeadragon", got=f"{package}: {error}"
        ) from error


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.getmember(name)
    file = archive.extractfile(member)
    if file is None or member.size > _MOST_BYTES:
        raise InputError("the package holds no plain file of this name", got=name)
    return file.read()
