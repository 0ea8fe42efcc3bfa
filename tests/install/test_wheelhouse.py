"""The offline install: locks that fit Windows too, licences, SBOM, checksums; making it needs a network (heavy)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from deploy_scripts import DEPLOY, script
from lab_code import ROOT

locks, sbom = script("locks"), script("sbom")
LAB = locks.read_lock(ROOT / "requirements" / "lab.txt")


def needed(platform, python="3.11"):
    return {pin.name for pin in LAB if pin.is_needed(platform, python)}


def test_the_lock_is_of_windows_too():
    assert needed("windows-amd64") - needed("linux-x86_64") == {"colorama"}
    assert {"numpy", "onnxruntime", "openslide-bin", "cffi"} <= needed("linux-x86_64")
    assert all(pin.hashes for pin in LAB)


def test_the_lab_s_lock_holds_no_heavy_package():
    heavy = {"torch", "scikit-learn", "matplotlib", "imagecodecs", "pysam", "mlflow", "onnx", "networkx"}
    assert not heavy & {pin.name for pin in LAB}


def test_pins_are_written_as_they_are_read(tmp_path):
    locks.write_pins(tmp_path / "r.txt", LAB)
    written = locks.read_lock(tmp_path / "r.txt")
    assert [(pin.name, pin.version, pin.hashes) for pin in written] == [
        (pin.name, pin.version, pin.hashes) for pin in LAB
    ]
    (tmp_path / "r.txt").write_text("numpy>=2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        locks.read_lock(tmp_path / "r.txt")


@pytest.mark.parametrize("name", sorted(needed("linux-x86_64")))
def test_no_package_of_the_lab_is_under_the_gpl(name):
    try:
        told = metadata(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    assert not sbom.is_refused(sbom.licence_of({"licenses": sbom.licence_told(told)}))


@pytest.mark.parametrize(
    ("licence", "is_refused"),
    [
        ("MIT", False), ("LGPL-2.1-only", False), ("GNU Lesser General Public License v2 (LGPLv2)", False),
        ("GPL-3.0-only", True), ("AGPL-3.0-or-later", True), ("GNU General Public License v3 (GPLv3)", True),
        ("MIT OR GPL-2.0-only", False), ("MIT AND GPL-2.0-only", True), ("", True),
        ("LGPL-2.1-only AND (BSD-3-Clause OR GPL-2.0-only)", False), ("GPL-3.0-only AND (MIT OR BSD-3-Clause)", True),
    ],
)  # fmt: skip
def test_which_licences_are_refused(licence, is_refused):
    assert sbom.is_refused(licence) == is_refused


def test_the_sbom_names_every_wheel(tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, licence in (
        ("good_one", "License-Expression: MIT"),
        ("bad", "License: GPL-3.0\nClassifier: A :: B"),
    ):
        with zipfile.ZipFile(wheels / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n{licence}\n\nText")
    assert sbom.main([str(wheels), str(tmp_path / "s.json")]) == 1
    made = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert [part["purl"] for part in made["components"]] == ["pkg:pypi/bad@1.0", "pkg:pypi/good-one@1.0"]
    assert sbom.refused(made) == [("bad", "GPL-3.0")]
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    told = validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(json.dumps(made))
    assert told is None


def test_a_changed_file_is_not_installed(tmp_path):
    folder = tmp_path / "house"
    folder.mkdir()
    for name in ("install.sh", "README.txt"):
        shutil.copyfile(DEPLOY / "wheelhouse_files" / name, folder / name)
    (folder / "VERSION").write_text("9\n")
    (folder / "PYTHON").write_text(f"{sys.version_info.major}.{sys.version_info.minor}\n")
    script("wheelhouse").write_sums(folder)
    (folder / "README.txt").write_text("changed")
    command = ["sh", str(folder / "install.sh"), str(tmp_path / "target")]
    done = subprocess.run(
        command, env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    assert done.returncode != 0
    assert b"README.txt" in done.stdout + done.stderr
    assert not (tmp_path / "target").exists()


@pytest.mark.heavy
@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_every_wheel_of_the_lock_exists_for_the_platform(platform, tmp_path):
    """Asks the registry; nothing is built from source."""
    uv = shutil.which("uv") or str(ROOT / ".venv" / "bin" / "uv")
    command = [
        uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url",
        "--only-binary", ":all:",
        "--python-platform", platform, "--python-version", "3.11", "-c", str(ROOT / "requirements" / "lab.txt"),
        "--extra", "lab", str(ROOT / "pyproject.toml"), "-o", str(tmp_path / "out.txt"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    if "error sending request" in done.stderr or "Could not connect" in done.stderr:
        pytest.skip("the registry cannot be reached")
    assert done.returncode == 0, done.stderr
    found = {line.partition("==")[0] for line in (tmp_path / "out.txt").read_text().splitlines()}
    assert found == needed("windows-amd64" if platform == "windows" else "linux-x86_64")
