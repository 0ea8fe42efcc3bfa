"""An install of the lab without network: wheels by hash, viewer, SBOM, checksums, in one folder.

python deploy/wheelhouse.py [--platform windows-amd64] [--python 3.12] [--oidc] [--out dist]
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from locks import PLATFORMS, WHEEL_TAGS, Pin, read_lock, write_pins
from sbom import main as write_sbom

from tumorcast import __version__
from tumorcast.domain.errors import TumorcastError
from tumorcast.slides.show.viewer import checked_package, fetch_package

ROOT = Path(__file__).resolve().parents[1]
FILES = Path(__file__).parent / "wheelhouse_files"
SBOM = "sbom.cdx.json"
_SCRIPTS = {"linux-x86_64": ("install.sh",), "windows-amd64": ("install.ps1",)}


def main() -> int:
    """Make the folder and its archive; 1 where something could not be had."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platform", choices=tuple(PLATFORMS), default="linux-x86_64")
    parser.add_argument("--python", default="3.11", metavar="X.Y", help="of the workstation (3.11)")
    parser.add_argument("--oidc", action="store_true", help="with sign-in by OpenID Connect")
    parser.add_argument("--sbom-only", action="store_true", help="keep the SBOM alone")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    args = parser.parse_args()
    target = args.out / f"tumorcast-lab-{__version__}-{args.platform}-py{args.python.replace('.', '')}"
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out, prefix=".wheelhouse.") as work:
        made = Path(work) / target.name
        try:
            fill(made, args.platform, args.python, "lab-oidc.txt" if args.oidc else "lab.txt")
        except (subprocess.CalledProcessError, TumorcastError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        if args.sbom_only:
            shutil.copyfile(made / SBOM, args.out / f"{target.name}.cdx.json")
            return 0
        shutil.rmtree(target, ignore_errors=True)
        made.replace(target)
    packed = shutil.make_archive(str(target), "zip", args.out, target.name)
    size = sum(path.stat().st_size for path in target.rglob("*")) / 1e6
    print(f"{target}  {size:.0f} MB\n{packed}  sha256 {digest(Path(packed))}")
    return 0


def fill(folder: Path, platform: str, python: str, lock: str) -> None:
    """Everything but the archive.

    Raises:
        CalledProcessError: a wheel cannot be had, or has another hash.
        InputError: the viewer cannot be had.
    """
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    pins = [pin for pin in read_lock(ROOT / "requirements" / lock) if pin.is_needed(platform, python)]
    installer = read_lock(ROOT / "requirements" / "pip.txt")
    fetch_wheels(wheels, [*pins, *installer], platform, python)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    own = next(wheels.glob("tumorcast-*.whl"))
    ours = Pin("tumorcast", own.name.split("-")[1], "", (digest(own),))
    write_pins(folder / "requirements.txt", [*(_only_file(pin, wheels) for pin in pins), ours])
    checked_package(fetch_package(folder))
    for name in (*_SCRIPTS[platform], "README.txt"):
        shutil.copyfile(FILES / name, folder / name)
    (folder / "VERSION").write_text(f"{__version__}\n", encoding="utf-8")
    (folder / "PYTHON").write_text(f"{python}\n", encoding="utf-8")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    if write_sbom([str(wheels), str(folder / SBOM)]):
        raise TumorcastError("a licence is refused", fix="see deploy/sbom.py")
    write_sums(folder)


def fetch_wheels(wheels: Path, pins: list[Pin], platform: str, python: str) -> None:
    """By pip, which checks the hashes; without markers, which pip would judge by the machine that it runs on."""
    abis = (f"cp{python.replace('.', '')}", "abi3", "none")
    with tempfile.TemporaryDirectory() as work:
        asked = Path(work) / "requirements.txt"
        write_pins(asked, pins)
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--only-binary=:all:", "--require-hashes", "--implementation", "cp", "--python-version", python,
            *(word for tag in WHEEL_TAGS[platform] for word in ("--platform", tag)),
            *(word for abi in abis for word in ("--abi", abi)), "--dest", str(wheels), "-r", str(asked),
        ]  # fmt: skip
        subprocess.run(command, check=True)


def write_sums(folder: Path) -> None:
    """`SHA256SUMS` of every other file, as sha256sum writes it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    rows = (f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    (folder / "SHA256SUMS").write_text("".join(rows), encoding="utf-8", newline="\n")


def digest(path: Path) -> str:
    """sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _only_file(pin: Pin, wheels: Path) -> Pin:
    """The pin with the hash of the one file that lies here."""
    spelt = pin.name.replace("-", "_").lower()
    file = next(
        path for path in wheels.glob("*.whl") if path.name.split("-")[0].lower().replace(".", "_") == spelt
    )
    return replace(pin, marker="", hashes=(digest(file),))


if __name__ == "__main__":
    sys.exit(main())
