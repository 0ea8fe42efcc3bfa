"""Files of the host in a real browser: each kind is sent and shown, and what cannot be used is told on the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from case_files import MAF
from live_lab import LiveSite
from toy_host_folder import write_host
from tumorcast.clinic.host.words import DPYD_LIMIT, STATEMENT, TITLE

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="chromium is not installed"),
]
EXPOSURES = """PATIENT_ID\tSTART_DATE\tEXPOSURE\tVALUE\tUNIT\tAGENT
P-77\t-9\tbmi\t25\t\t
P-77\t-9\tcomedication\t\t\tparoxetine
"""


@pytest.fixture(scope="module")
def live(toy, tmp_path_factory) -> Iterator[LiveSite]:
    """A server that demonstrates."""
    site = LiveSite(toy.bundle, tmp_path_factory.mktemp("live") / "lab", ("--demonstrate",))
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def host(tmp_path_factory) -> Path:
    """What the three commands wrote of P-77, and a timeline."""
    made = write_host(tmp_path_factory.mktemp("host") / "made", "P-77")
    (made / "exposures.tsv").write_text(EXPOSURES, encoding="utf-8")
    (made / "tumour.maf").write_bytes(MAF)
    return made


@pytest.fixture
def page(live) -> Iterator[object]:
    """Signed in as the pathologist that the administrator makes."""
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        shown = browser.new_page(viewport={"width": 1320, "height": 900})
        shown.set_default_timeout(60_000)
        shown.goto(f"{live.base}/sign-in")
        shown.fill("#token", live.token)
        shown.click("main button[type=submit]")
        shown.wait_for_url("**/worklist")
        yield shown
        browser.close()


def as_pathologist(page, live, name: str) -> None:
    page.goto(f"{live.base}/staff")
    for field, text in {"user_id": name, "display_name": f"Dr. {name}"}.items():
        page.fill(f"#{field}", text)
    page.select_option("#role", "pathologist")
    page.click("text=Add")
    token = page.inner_text("#secret")
    page.click("text=Sign out")
    page.fill("#token", token)
    page.click("main button[type=submit]")
    page.wait_for_url("**/worklist")


def new_case(page, live, files: list[Path]) -> None:
    page.goto(f"{live.base}/new-case")
    page.fill("#patient_id", "P-77")
    page.fill("#agents", "Nivolumab, Capecitabine")
    page.fill("#biopsy_day", "-5")
    page.set_input_files("#chosen", files)


def shot(page, name: str) -> None:
    """Kept in the folder of $TUMORCAST_SHOTS."""
    if folder := os.environ.get("TUMORCAST_SHOTS"):
        page.screenshot(path=Path(folder) / f"web_{name}.png", full_page=True)


def kinds(page) -> list[str]:
    return page.eval_on_selector_all("#files select", "all => all.map(one => one.value)")


def test_each_kind_of_file_is_shown_in_the_panel_of_the_host(page, live, host):
    as_pathologist(page, live, "thol")
    for pharmacogenes in ("pgx.json", "pgx.csv"):
        names = ("tumour.maf", f"pgx/{pharmacogenes}", "pgs/pgs.json", "clock/clock.json", "exposures.tsv")
        new_case(page, live, [host / name for name in names])
        assert kinds(page) == ["variants", "pharmacogenes", "polygenic_scores", "clocks", "exposures"]
        page.click("#submit")
        page.wait_for_url("**/results/r*", timeout=120_000)
        panel = page.inner_text("#host")
        for told in (TITLE, STATEMENT, DPYD_LIMIT, "capecitabine", "lower dose", "PGS1", "EpiTOC1", "*2A"):
            assert told in panel, told
        assert "TPMT" not in page.content()
        assert ("how old" in panel) is (pharmacogenes == "pgx.csv")
        shot(page, f"host_{pharmacogenes.partition('.')[2]}")


@pytest.mark.parametrize(
    ("name", "kind", "text", "told"),
    [
        ("pgx.json", "pharmacogenes", "{}", "this is not pgx.json"),
        ("pgx.json", "pharmacogenes", "<html></html>", "this is not pgx.json"),
        ("pgs.csv", "polygenic_scores", "sample,score,sum\nP-77,S,1\n", "this is not pgs.json"),
        ("clock.csv", "clocks", "sample,clock,age_years\nP-77,Hannum,60\n", "this is not clock.json"),
        ("pgs.json", "polygenic_scores", "", "empty"),
        ("exposures.tsv", "exposures", "%PDF-1.4", "not a text table"),
    ],
)
def test_a_file_that_is_not_its_kinds_is_refused_where_it_was_chosen(
    page, live, tmp_path, name, kind, text, told
):
    as_pathologist(page, live, f"x{abs(hash((name, text))) % 10_000}")
    (tmp_path / name).write_text(text, encoding="utf-8")
    new_case(page, live, [tmp_path / name])
    assert kinds(page) == [kind]
    page.click("#submit")
    page.wait_for_selector("#files .told:not(:empty)")
    assert told in page.inner_text("#files")
    shot(page, f"host_refused_{name.replace('.', '_')}")


def test_a_file_that_is_found_out_with_the_case_is_told_on_its_page(page, live, host, tmp_path):
    as_pathologist(page, live, "late")
    bad = tmp_path / "exposures.tsv"
    bad.write_text(EXPOSURES.replace("bmi\t25", "bmi\t250"), encoding="utf-8")
    new_case(page, live, [host / "tumour.maf", bad])
    page.click("#submit")
    page.wait_for_url("**/cases/c*")
    page.wait_for_selector("text=rows of exposures cannot be used", timeout=120_000)
    assert "exposures.tsv" in page.inner_text("main")
    shot(page, "host_case_problem")
