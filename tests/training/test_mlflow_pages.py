"""Fifty runs in a real browser: the best, what differs from the runner-up, their curves; clicks are counted."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tracked import record_fifty
from tumorcast.cli.main import main
from tumorcast.training.run_views import LIST_VIEW, view_address
from waiting import wait_for

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """MLflow with fifty runs of made-up metrics, sent as a cluster's runs are."""
    folder = tmp_path_factory.mktemp("fifty")
    record_fifty(folder / "runs")
    database = f"sqlite:///{folder / 'mlflow.db'}"
    runs = sorted(map(str, (folder / "runs").iterdir()))
    assert main(["mlflow", "sync", *runs, "--uri", database]) == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database, "--workers", "1"]
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [*words, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@pytest.fixture
def page(server) -> Iterator[object]:
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        shown = browser.new_page(viewport={"width": 1640, "height": 900})
        shown.set_default_timeout(90_000)
        _without_assistant(shown, server)
        yield shown
        browser.close()


def _without_assistant(page, server: str) -> None:
    """MLflow opens a panel of its own at a browser's first visit; closed once, it stays closed."""
    page.goto(server)
    page.get_by_text("MLflow Assistant").first.wait_for()
    page.get_by_role("button", name="Close", exact=True).click()


def _best(server: str) -> tuple[str, list]:
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("made up").experiment_id
    return experiment, client.search_runs(
        [experiment], "tags.kind = 'run'", order_by=["metrics.primary DESC"], max_results=3
    )


def _differing(first, second) -> set[str]:
    one, two = first.data.params, second.data.params
    return {key for key in one.keys() | two.keys() if one.get(key) != two.get(key)}


def _shot(page, name: str) -> None:
    """Kept in the folder of $TUMORCAST_SHOTS, for the docs."""
    if folder := os.environ.get("TUMORCAST_SHOTS"):
        page.screenshot(path=Path(folder) / f"mlflow_{name}.png")


def test_from_the_printed_page_to_the_comparison_in_one_click(server, page):
    experiment, (best, second, third) = _best(server)
    page.goto(view_address(server, experiment, LIST_VIEW, is_charts=False))
    page.get_by_role("link", name=best.info.run_name, exact=True).first.wait_for()
    first_rows = [page.locator(f"[role=row][row-index='{k}']").first.inner_text() for k in range(3)]
    for row, run in zip(first_rows, (best, second, third), strict=True):  # no click: the best stands first
        assert run.info.run_name in row
    assert page.get_by_text("50 matching runs").count() == 1  # no folds among them
    page.wait_for_timeout(1500)
    _shot(page, "list")
    link = page.get_by_role("link", name=f"{best.info.run_name} and {second.info.run_name}")
    with page.context.expect_page() as opened:
        link.click()  # the only click
    shown = opened.value
    shown.set_default_timeout(90_000)
    shown.get_by_text("Show differences only").first.wait_for()
    differing = _differing(best, second)
    assert differing
    for key in differing:
        shown.get_by_text(key, exact=True).first.wait_for()
    assert shown.get_by_text("training.batch_size", exact=True).count() == 0  # the same in both
    for label in ("val_loss", "train_loss"):
        for run in (best, second):
            shown.get_by_text(f"{run.info.run_name} ({label})").first.wait_for()
    shown.wait_for_timeout(2500)
    _shot(shown, "best_two")


def test_the_command_prints_the_comparison_by_any_metric(server, page, capsys):
    words = ["mlflow", "compare", "--uri", server, "--experiment", "made up", "--metric", "fused.auroc"]
    assert main(words) == 0
    told = capsys.readouterr().out.splitlines()
    _, (best, second, _) = _best(server)
    assert told[0].startswith("as the newest run")
    assert told[1].startswith(best.info.run_name)
    assert any("->" in line for line in told)
    page.goto(next(line for line in told if line.startswith("http")))
    for run in (best, second):
        page.get_by_text(f"{run.info.run_name} (val_loss)").first.wait_for()


def test_two_ticks_and_compare_show_what_differs(server, page):
    experiment, (best, second, _) = _best(server)
    page.goto(view_address(server, experiment, LIST_VIEW, is_charts=False))
    page.get_by_role("link", name=best.info.run_name, exact=True).first.wait_for()
    boxes = page.locator(
        ".ag-pinned-left-cols-container .ag-selection-checkbox, .ag-row .ag-selection-checkbox"
    )
    boxes.nth(0).click()
    boxes.nth(1).click()
    page.get_by_role("button", name="Compare").first.click()
    page.get_by_text("Show diff only").first.wait_for()
    for key in _differing(best, second):
        page.get_by_text(key, exact=True).first.wait_for()
    _shot(page, "compare")
