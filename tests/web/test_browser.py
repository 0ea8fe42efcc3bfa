"""A pathologist's day in a real browser: sign in, new case, progress, result, zoom, heatmap, PDF, sign-off."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from case_files import MAF, expression
from live_lab import LiveSite
from toy_lab import toy_flat_tiff
from tumorcast.cohort.simulate.svs import write_svs

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def live(toy, tmp_path_factory) -> Iterator[LiveSite]:
    """A server that demonstrates."""
    site = LiveSite(toy.bundle, tmp_path_factory.mktemp("live") / "lab", ("--demonstrate",))
    site.start()
    yield site
    site.stop()


@pytest.fixture
def page(live) -> Iterator[object]:
    """A page that fails the test where a console complains or another host is asked."""
    complaints: list[str] = []
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        shown = browser.new_page(viewport={"width": 1320, "height": 900}, accept_downloads=True)
        shown.set_default_timeout(60_000)
        shown.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on(
            "request",
            lambda r: None if r.url.startswith((live.base, "data:", "blob:")) else complaints.append(r.url),
        )
        yield shown
        browser.close()
    assert complaints == []


def _slide(tmp_path: Path) -> Path:
    """A real one where there is one, else one drawn large enough to be zoomed."""
    shared = Path(os.environ.get("TUMORCAST_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
    real = shared / "WSI" / "CMU-1-Small-Region.svs"
    if real.is_file():
        return real
    picture = np.asarray(Image.open(BytesIO(toy_flat_tiff(1))))
    write_svs(tmp_path / "drawn.svs", np.tile(picture, (4, 4, 1)), 1.0, 10)
    return tmp_path / "drawn.svs"


def _shot(page, name: str) -> None:
    """Kept in the folder of $TUMORCAST_SHOTS, for the docs."""
    if folder := os.environ.get("TUMORCAST_SHOTS"):
        page.screenshot(path=Path(folder) / f"web_{name}.png")


def _sign_in(page, live, token: str) -> None:
    page.goto(f"{live.base}/sign-in")
    _shot(page, "sign_in")
    page.fill("#token", token)
    page.click("main button[type=submit]")
    page.wait_for_url("**/worklist")


def _new_pathologist(page, live) -> str:
    """Made by the administrator in the browser; returns the token that is shown once."""
    _sign_in(page, live, live.token)
    page.goto(f"{live.base}/staff")
    page.fill("#user_id", "thol")
    page.fill("#display_name", "Dr. Paula Thol")
    page.select_option("#role", "pathologist")
    page.click("text=Add")
    token = page.inner_text("#secret")
    page.goto(f"{live.base}/audit")
    assert "user.added" in page.inner_text("main")
    _shot(page, "audit")
    page.click("text=Sign out")
    return str(token)


def _new_case(page, live, tmp_path: Path) -> None:
    page.goto(f"{live.base}/new-case")
    page.click("#submit")
    assert page.url.endswith("/new-case"), "a case without a patient is not sent"
    page.fill("#patient_id", "P-77")
    page.fill("#title", "Tumour board, Thursday")
    page.fill("#agents", "Nivolumab")
    for name, value in {"line": "1", "age": "64", "biopsy_day": "-5"}.items():
        page.fill(f"#{name}", value)
    page.select_option("#sex", "female")
    page.select_option("#specimen", "biopsy")
    (tmp_path / "tumour.maf").write_bytes(MAF)
    (tmp_path / "expression.tsv").write_bytes(expression())
    page.set_input_files("#chosen", [_slide(tmp_path), tmp_path / "tumour.maf", tmp_path / "expression.tsv"])
    page.evaluate("document.getElementById('files').scrollIntoView()")
    _shot(page, "new_case")
    page.click("#submit")
    page.wait_for_url("**/cases/c*")
    _shot(page, "case")


def test_from_a_slide_to_a_signed_report(page, live, tmp_path):
    token = _new_pathologist(page, live)
    _sign_in(page, live, token)
    _new_case(page, live, tmp_path)
    page.wait_for_url("**/results/r*", timeout=120_000)
    assert page.inner_text("#probability").endswith("%")
    assert "SIMULATED" in page.inner_text("#answer")
    page.wait_for_selector(".slide[data-state=open][data-tiles]")
    page.evaluate("window.scrollTo(0, 0)")
    _shot(page, "result")
    _use_the_viewer(page)
    _see_the_picture_instead(page)
    with page.expect_download() as download:
        page.click("a:has-text('PDF')")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    page.fill("#sign-comment", "Seen with the slide.")
    page.click("text=Sign as Dr. Paula Thol")
    page.wait_for_selector(".pill.final")
    assert "Dr. Paula Thol" in page.inner_text(".head")
    page.goto(f"{live.base}/worklist?q=P-77")
    page.wait_for_selector("tbody .pill.final")
    _shot(page, "worklist")
    page.goto(f"{live.base}/about")
    assert "OpenSeadragon" in page.inner_text("main")


def _use_the_viewer(page) -> None:
    page.evaluate("document.getElementById('slide').scrollIntoView()")
    colour = (
        "() => { const c = document.querySelector('canvas.heat'); return c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v > 0).length }"
    )
    shown = page.evaluate(colour)
    assert shown > 0
    page.uncheck(".toggle")
    assert page.evaluate(colour) == 0
    page.check(".toggle")
    page.fill(".opacity", "90")
    tiles = int(page.get_attribute(".slide", "data-tiles"))
    page.click(".tiles button >> nth=0")
    _until(page, "document.querySelector('.picked').textContent.startsWith('Score')")
    _until(page, f"Number(document.querySelector('.slide').dataset.tiles) > {tiles}")
    page.wait_for_timeout(800)
    _shot(page, "viewer")
    page.focus(".stage .openseadragon-canvas")
    page.keyboard.press("+")
    page.click(".home")


def _see_the_picture_instead(page) -> None:
    """Of a slide whose levels the server does not tell."""
    levels = re.compile(r"/slides/[^/]+$")
    page.route(levels, lambda route: route.fulfill(status=200, body="not JSON"))
    page.reload()
    page.wait_for_selector(".slide[data-state=still] .instead img")
    assert "cannot be zoomed" in page.inner_text(".instead")
    assert page.evaluate("document.querySelector('.instead img').naturalWidth") > 100
    assert not page.is_visible(".stage")
    page.unroute(levels)


def test_pages_can_be_used_without_a_mouse(page, live):
    _sign_in(page, live, live.token)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for at in ("/worklist", "/new-case", "/staff", "/about"):
        page.goto(live.base + at)
        nameless = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(e => !e.labels.length"
            " && !e.ariaLabel && !e.hidden).map(e => e.id || e.outerHTML)"
        )
        assert nameless == [], at
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def _until(page, condition, seconds=20.0):
    """Wait from outside: what polls inside the page is evaluated there, which the page's policy forbids."""
    over = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < over, condition
        page.wait_for_timeout(50)
