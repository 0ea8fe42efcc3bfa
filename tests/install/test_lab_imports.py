"""What a lab installs is enough: no module of a lab's command imports anything else to be imported itself."""

from __future__ import annotations

import sys

import pytest

from lab_code import imports, lab_modules

INSTALLED = {
    "PIL", "cryptography", "fastapi", "h5py", "jinja2", "markupsafe", "numpy", "onnxruntime", "openslide", "pandas",
    "prometheus_client", "pydantic", "python_multipart", "reportlab", "scipy", "starlette", "tifffile", "tqdm",
    "tumorcast", "uvicorn", "yaml",
}  # fmt: skip
"""What requirements/lab.txt brings, by the names that are imported."""


def test_the_lab_s_rooms_are_looked_through():
    assert {"tumorcast.serve.predict", "tumorcast.cli.encode", "tumorcast.slides.overlay"} <= set(
        lab_modules()
    )
    assert len(lab_modules()) > 150


@pytest.mark.parametrize("name", lab_modules())
def test_nothing_else_is_imported_at_the_top(name):
    told = {imported.split(".")[0] for imported, at_top in imports(lab_modules()[name]) if at_top}
    assert told - INSTALLED - sys.stdlib_module_names == set()
