"""Scores on a page, on a sheet and for QuPath: at the right places, and nothing of the user's becomes code."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from slides.conftest import stained_image, write_pyramid
from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError
from tumorcast.slides.reader import open_slide
from tumorcast.slides.show import viewer
from tumorcast.slides.show.geojson import write_geojson
from tumorcast.slides.show.page import write_page
from tumorcast.slides.show.scores import TileScores, read_scores
from tumorcast.slides.show.sheet import draw_sheet

COORDS = np.stack(np.meshgrid(np.arange(4) * 224 + 448, np.arange(3) * 224 + 448), -1).reshape(-1, 2)
SCORES = TileScores(COORDS, np.linspace(0, 1, 12), "attention")


@pytest.fixture
def stand_in_viewer(tmp_path, monkeypatch):
    """A page needs the files only to lie there."""
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / f"openseadragon-{viewer.VERSION}"
    folder.mkdir(parents=True)
    for name in (viewer.SCRIPT, viewer.LICENCE):
        (folder / name).write_text("// nothing")


@pytest.fixture
def slide(tmp_path):
    with open_slide(write_pyramid(tmp_path / "s.svs", stained_image(1500, 1300), 0.5)) as opened:
        yield opened


def _data(page):
    text = page.read_text(encoding="utf-8")
    start = text.index("const data = ") + len("const data = ")
    return json.JSONDecoder().raw_decode(text[start:])[0]


@pytest.mark.parametrize("mpp", [0.5, 1.0, 1.7])
def test_tiles_of_the_page_make_up_the_slide(slide, tmp_path, stand_in_viewer, mpp):
    page = write_page(slide, SCORES, 112, tmp_path / "out" / "page", mpp, progress=False)
    data = _data(page)
    assert (data["width"], data["height"]) == (round(1500 * 0.5 / mpp), round(1300 * 0.5 / mpp))
    whole = np.full((data["height"], data["width"], 3), 255, np.uint8)
    level = page.parent / "tiles" / str(data["finest"])
    for path in level.iterdir():
        column, row = map(int, path.stem.split("_"))
        tile = np.asarray(Image.open(path))
        whole[row * 512 : row * 512 + tile.shape[0], column * 512 : column * 512 + tile.shape[1]] = tile
    wanted = np.asarray(Image.fromarray(slide.region((0, 0), (1500, 1300), mpp)).resize(whole.shape[1::-1]))
    assert np.abs(whole.astype(int) - wanted).mean() < 6
    assert len(list((page.parent / "tiles" / "0").iterdir())) == 1
    for number in range(data["finest"] + 1):
        scale = 2 ** (data["finest"] - number) * 512
        expected = -(-data["width"] // scale) * -(-data["height"] // scale)
        assert len(list((page.parent / "tiles" / str(number)).iterdir())) == expected
    assert data["scores"]["x"][5] == pytest.approx(COORDS[5, 0] * 0.5)
    assert data["tileUm"] == 112


def test_names_and_scores_cannot_become_code(tmp_path, stand_in_viewer):
    name = "a<script>alert(1)<!--&'.svs"
    path = write_pyramid(tmp_path / name, stained_image(600, 600), 0.5)
    evil = TileScores(COORDS[:1], np.array([1.0]), "</script><img src=x>")
    with open_slide(path) as slide:
        page = write_page(slide, evil, 112, tmp_path / "page", progress=False)
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 2  # the viewer's and the page's own
    assert "<img" not in text
    assert _data(page)["slide"] == name
    assert _data(page)["scores"]["name"] == "</script><img src=x>"


def test_a_page_is_replaced_as_a_whole(slide, tmp_path, stand_in_viewer):
    folder = tmp_path / "page"
    write_page(slide, SCORES, 112, folder, 0.5, progress=False)
    (folder / "left_over").touch()
    write_page(slide, None, 112, folder, 4.0, progress=False)
    assert not (folder / "left_over").exists()
    assert _data(folder / "index.html")["scores"] is None
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_without_the_viewer_the_way_to_it_is_told(slide, tmp_path, monkeypatch):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "none"))
    with pytest.raises(InputError, match="not installed") as refused:
        write_page(slide, None, 112, tmp_path / "page", progress=False)
    assert "slides viewer" in str(refused.value)
    assert not (tmp_path / "page").exists()


def _package(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_the_viewer_is_taken_by_its_checksum_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    script = b"// a script"
    members = {f"package/build/openseadragon/{viewer.SCRIPT}": script, "package/LICENSE.txt": b"BSD"}
    package = _package(tmp_path / "p.tgz", members)
    assert main(["slides", "viewer", "--from", str(package)]) == 2
    assert "this is not OpenSeadragon" in capsys.readouterr().err
    monkeypatch.setattr(viewer, "SHA256", hashlib.sha256(script).hexdigest())
    assert main(["slides", "viewer", "--from", str(package)]) == 0
    assert [path.read_bytes() for path in viewer.viewer_files()] == [script, b"BSD"]
    (tmp_path / "text.tgz").write_text("no archive")
    for bad in (tmp_path / "text.tgz", tmp_path / "gone.tgz", _package(tmp_path / "e.tgz", {"x": b""})):
        assert main(["slides", "viewer", "--from", str(bad)]) == 2


def test_geojson_is_valid_and_exact(tmp_path):
    write_geojson(tmp_path / "s.geojson", SCORES, 224.25)
    collection = json.loads((tmp_path / "s.geojson").read_text())
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) == 12
    for feature, (x, y), value in zip(collection["features"], COORDS.tolist(), SCORES.values, strict=True):
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1] == [x, y]
        assert (ring[2][0] - x, ring[2][1] - y) == pytest.approx((224.25, 224.25), abs=0.06)
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2
        assert area > 0
        assert feature["properties"]["measurements"]["attention"] == pytest.approx(value, rel=1e-5)
    kinds = [f["properties"].get("classification", {}).get("name") for f in collection["features"]]
    assert kinds[-1] == "attention top tenth"
    assert kinds[0] == "attention bottom tenth"
    assert kinds[5] is None


def test_the_sheet_shows_the_extremes(tmp_path):
    picture = np.full((1300, 1500, 3), 200, np.uint8)
    best, worst = COORDS[11], COORDS[0]
    picture[best[1] : best[1] + 224, best[0] : best[0] + 224] = (250, 10, 10)
    picture[worst[1] : worst[1] + 224, worst[0] : worst[0] + 224] = (10, 10, 250)
    with open_slide(write_pyramid(tmp_path / "s.svs", picture, 0.5)) as slide:
        draw_sheet(slide, SCORES, 112, tmp_path / "t.png", count=3)
        draw_sheet(slide, TileScores(COORDS[:1], np.ones(1), "a"), 112, tmp_path / "one.png")
    sheet = np.asarray(Image.open(tmp_path / "t.png").convert("RGB")).astype(int)
    red = np.argwhere((sheet[..., 0] > 200) & (sheet[..., 1] < 60))
    blue = np.argwhere((sheet[..., 2] > 200) & (sheet[..., 1] < 60))
    assert len(red) > 2000 < len(blue)
    assert red[:, 0].max() < blue[:, 0].min()  # the highest above, the lowest below
    assert red[:, 1].max() < sheet.shape[1] / 2


def test_scores_from_tables(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(
        "kind,name,x,y,weight\ntile,s,1,2,0.5\ntile,other,3,4,0.1\ngene,TP53,,,0.9\ntile,s,5,6,-0.5\n"
    )
    scores = read_scores(table, "s")
    assert scores.coords.tolist() == [[1, 2], [5, 6]]
    assert scores.has_sign
    assert scores.limits == pytest.approx((-0.49, 0.49))
    for text, says in [
        ("x,y\n1,2\n", "lacks columns"),
        ("x,y,weight\n1,2,\n", "not finite"),
        ("x,y,weight\n,2,1\n", "no places"),
        ("name,x,y,weight\nz,1,2,1\n", "no tile of this slide"),
        ("x,y,weight\n", "do not fit"),
    ]:
        table.write_text(text)
        with pytest.raises(InputError, match=says):
            read_scores(table, "s")
    with pytest.raises(InputError, match="cannot be read"):
        read_scores(tmp_path / "gone.csv", "s")


def test_equal_scores_have_no_colours():
    assert TileScores(COORDS, np.ones(12), "a").is_even
    assert not SCORES.is_even


@pytest.mark.heavy
def test_the_page_opens_from_disk(tmp_path):
    """In a browser without a network: the slide is shown under its colours and nothing failed."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        viewer.viewer_files()
    except InputError:
        pytest.skip("the viewer is not installed (tumorcast slides viewer)")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    image = np.full((1300, 1500, 3), (240, 60, 60), np.uint8)
    with open_slide(write_pyramid(tmp_path / "s.svs", image, 0.5)) as slide:
        page = write_page(slide, SCORES, 112, tmp_path / "page", 0.5, progress=False)
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    words += [
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=8000",
        "--window-size=1200,800",
    ]
    shot = tmp_path / "shot.png"
    subprocess.run(
        [browser, *words, f"--screenshot={shot}", page.as_uri()], check=True, timeout=120, capture_output=True
    )
    seen = np.asarray(Image.open(shot).convert("RGB")).astype(int)
    slide_red = (np.abs(seen - (240, 60, 60)).sum(-1) < 30).sum()
    yellow = ((seen[..., 0] > 190) & (seen[..., 1] > 120) & (seen[..., 2] < 80)).sum()
    assert slide_red > 100_000
    assert yellow > 1000  # the highest tile of viridis over red
    dump = subprocess.run(
        [browser, *words, "--dump-dom", page.as_uri()], check=True, timeout=120, capture_output=True
    )
    assert b'data-state="open"' in dump.stdout
