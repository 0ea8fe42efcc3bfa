"""How large an install of the lab is: requirements/lab.txt in a fresh environment, without torch.

    python benchmarks/lab_install.py [--keep FOLDER]

Needs a package index. Told are the largest packages, all of them together, and the compiled modules that an
interpreter adds; pip and setuptools are left out. Bound: 400 MB of packages; beyond it, or where torch came along, the
exit code is 1.
"""

from __future__ import annotations

import argparse
import compileall
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

BOUND_MB = 400
_NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-", "__pycache__")
_TRAINING = ("torch", "torchvision", "timm", "mlflow", "torch_geometric", "pytorch_lightning")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="an empty folder that stays; None: a temporary one")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        return measure(words.keep or Path(work))


def measure(folder: Path) -> int:
    """Install, weigh, tell."""
    root = Path(__file__).resolve().parents[1]
    venv.create(folder, with_pip=True)
    python = next(path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.is_file())
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes"]
    subprocess.run([*install, "-r", str(root / "requirements" / "lab.txt")], check=True)
    site = next(folder.rglob("site-packages"))
    packages = [each for each in site.iterdir() if not each.name.startswith(_NOT_OURS)]
    sizes = {each.name: size_mb(each) for each in packages}
    total = sum(sizes.values())
    compileall.compile_dir(site, quiet=2, workers=0)
    compiled = sum(size_mb(each) for each in packages) - total
    for name in sorted(sizes, key=lambda each: -sizes[each])[:12]:
        print(f"{sizes[name]:7.1f} MB  {name}")
    unwanted = [name for name in _TRAINING if (site / name).exists()]
    is_within = total <= BOUND_MB and not unwanted
    verdict = "" if is_within else f"  BEYOND THE BOUND {' '.join(unwanted)}"
    print(
        f"install of the lab: {total:.0f} MB, {compiled:.0f} MB more when compiled; bound {BOUND_MB}{verdict}"
    )
    return 0 if is_within else 1


def size_mb(path: Path) -> float:
    """Bytes of a file or of all files below a folder, in MB (2^20)."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(each.stat().st_size for each in files if each.is_file()) / 2**20


if __name__ == "__main__":
    sys.exit(main())
