"""A lab with one user of each role and a clock that the tests move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tumorcast.lab.audit import verify_chain
from tumorcast.lab.bundles import LabBundle
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import SYSTEM, User, add_user


@dataclass
class Clock:
    """Seconds since 1970, as the tests want them."""

    now: float = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Lab:
    """A lab and who works in it."""

    store: LabStore
    clock: Clock
    admin: User
    doctor: User
    viewer: User


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
