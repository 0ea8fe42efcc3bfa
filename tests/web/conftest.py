"""A lab with a toy model, one user a role, and its application in-process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from toy_lab import ToyLab
from toy_report import toy_record
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.write import write_report
from tumorcast.lab import jobs, leases, tokens, users
from tumorcast.lab.bundles import activate, register
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import SYSTEM
from tumorcast.web.app import create_app
from tumorcast.web.settings import WebSettings

BASE = "http://127.0.0.1"
ROLES = ("viewer", "pathologist", "admin")
FACTS = {"patient_id": "P-77", "title": "Aunt Agatha", "agents": ["Nivolumab"], "stain": "H&E"}


@dataclass
class Site:
    """An application with its lab."""

    client: TestClient
    store: LabStore
    tokens: dict[str, str]

    def bearer(self, role: str) -> dict[str, str]:
        """Headers of a program."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def browser(self, role: str) -> TestClient:
        """A browser that is signed in; its `csrf` header is set."""
        browser = TestClient(self.client.app, base_url=BASE, follow_redirects=False)
        told = browser.post("/api/v1/sessions", json={"token": self.tokens[role]})
        assert told.status_code == 201, told.text
        browser.headers["X-CSRF-Token"] = told.json()["csrf"]
        return browser

    def case(self, **facts: object) -> str:
        """Id of a new case."""
        made = self.client.post("/api/v1/cases", json=FACTS | facts, headers=self.bearer("pathologist"))
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def put(self, case_id: str, kind: str, name: str, content: bytes, **headers: str):
        """Send a file."""
        at = f"/api/v1/cases/{case_id}/files/{kind}"
        return self.client.put(
            at, params={"name": name}, content=content, headers=self.bearer("pathologist") | headers
        )

    def report(self, case_id: str, record: PatientReport | None = None) -> str:
        """Id of a report that a worker has made of a case; tiles and slides are those of the case's first slide."""
        user = users.get_user(self.store, "pathologist")
        job = jobs.submit(self.store, user, case_id)
        taken = leases.claim(self.store, "w1")
        assert taken is not None
        assert taken.id == job.id
        record = record or toy_record()
        slides = self.client.get(f"/api/v1/cases/{case_id}", headers=self.bearer("viewer")).json()["files"]
        own = [file["id"] for file in slides if file["kind"] == "slide"]
        if own and record.slides:
            record = replace(record, slides=(replace(record.slides[0], slide_id=own[0]),))
        work = self.store.folder / "reports" / ".work"
        write_report(record, work)
        report_id = leases.finish(self.store, taken, leases.Outcome(record.status, record.reason, {}), work)
        assert report_id is not None
        return report_id


@pytest.fixture(scope="session")
def toy(toy_lab: ToyLab) -> ToyLab:
    """A model with random weights and the study it was fitted to."""
    return toy_lab


@pytest.fixture(scope="session")
def made(toy, tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A lab with the model, and a token a role. Not to be written to."""
    folder = tmp_path_factory.mktemp("made") / "lab"
    store = LabStore.create(folder)
    activate(store, SYSTEM, register(store, SYSTEM, toy.bundle).id)
    given = {}
    for role in ROLES:
        users.add_user(store, SYSTEM, role, f"Dr. {role.title()}", role)
        given[role] = tokens.create_token(store, SYSTEM, role)[0]
    store.close()
    return folder, given


@pytest.fixture
def new_site(made, tmp_path) -> Iterator[Callable[..., Site]]:
    """new_site(**settings) -> an application over a copy of the lab."""
    stores: list[LabStore] = []

    def build(**settings: object) -> Site:
        folder = tmp_path / f"lab{len(stores)}"
        shutil.copytree(made[0], folder)
        app = create_app(WebSettings(folder, with_worker=False, **settings))
        store = app.state.context.store
        stores.append(store)
        return Site(TestClient(app, base_url=BASE, follow_redirects=False), store, made[1])

    yield build
    for store in stores:
        store.close()


@pytest.fixture
def site(new_site) -> Site:
    """The application as it is started without options."""
    return new_site()
