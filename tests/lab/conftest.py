"""A lab with one user of each role and a clock that the tests move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from toy_cases import Clock, Lab
from toy_lab import ToyLab, write_toy_slide
from tumorcast.lab.audit import verify_chain
from tumorcast.lab.bundles import LabBundle, activate, register
from tumorcast.lab.config import LabConfig, write_config
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import SYSTEM, add_user


@pytest.fixture
def lab(tmp_path: Path):
    clock = Clock()
    store = LabStore.create(tmp_path / "lab", clock=clock)
    names = {"admin": "Ada Admin", "pathologist": "Dr Pat Hologist", "viewer": "Vera Viewer"}
    people = [add_user(store, SYSTEM, role[:5], name, role) for role, name in names.items()]
    yield Lab(store, clock, *people)
    assert verify_chain(store) is None
    store.close()


@pytest.fixture
def fake_bundle(lab: Lab) -> LabBundle:
    """A row of a bundle, for what does not open it."""
    bundle = LabBundle("toy-1", "toy", "5" * 64, "simulated", "unsigned", "active", lab.clock.now, "admin")
    with lab.store.transaction() as connection:
        connection.execute(
            "INSERT INTO bundles (id, model_id, seal, training_data, signed_by, state, added, added_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            tuple(vars(bundle).values()),
        )
    return replace(bundle)


@pytest.fixture(scope="session")
def toy(toy_lab: ToyLab) -> ToyLab:
    """A bundle and what it was made of. Not to be written to."""
    return toy_lab


@pytest.fixture
def bundle(lab: Lab, toy: ToyLab) -> LabBundle:
    """The toy's bundle, active in the lab."""
    write_config(lab.store.folder / "config.json", LabConfig(min_genes=4))
    return activate(lab.store, lab.admin, register(lab.store, lab.admin, toy.bundle).id)


@pytest.fixture(scope="session")
def toy_slide(tmp_path_factory) -> bytes:
    """A slide that the toy's encoder reads."""
    path = tmp_path_factory.mktemp("slide") / "s.svs"
    write_toy_slide(path, 3)
    return path.read_bytes()
