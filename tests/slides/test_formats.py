"""TIFFs of many kinds through the one reader: the same pixels, the right pixel size, and refusals with a reason."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from slides.conftest import stained_image, write_pyramid
from tumorcast.domain.errors import SlideError
from tumorcast.slides.levels import check_levels
from tumorcast.slides.ome import ome_properties
from tumorcast.slides.pixels import OpenSlidePixels
from tumorcast.slides.reader import open_slide
from tumorcast.slides.tiff_pixels import TiffPixels
from tumorcast.slides.tiling import TileSettings, tile_grid
from tumorcast.slides.tissue import find_tissue

WIDTH, HEIGHT = 700, 600
IMAGE = stained_image(WIDTH, HEIGHT)
LOSSLESS = [None, "zlib", "lzw", "zstd", "jpeg2000", "webp"]


def _lossless(compression):
    """imagecodecs' webp and JPEG 2000 lose nothing only when told so."""
    more = {"webp": {"level": 100, "lossless": True}, "jpeg2000": {"reversible": True, "level": 0}}
    return {"compression": compression, "compressionargs": more.get(compression, {})}


def _ome(path, compression=None, unit="µm", size=0.25, **more):
    """As tifffile writes it: the pyramid in SubIFDs, a label after it."""
    options = {"photometric": "rgb", "tile": (256, 256), **_lossless(compression)}
    told = {"axes": "YXS", "PhysicalSizeX": size, "PhysicalSizeXUnit": unit}
    told |= {"PhysicalSizeY": size, "PhysicalSizeYUnit": unit, **more}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as tiff:
        tiff.write(IMAGE, subifds=2, metadata=told, **options)
        tiff.write(IMAGE[::2, ::2], subfiletype=1, **options)
        tiff.write(IMAGE[::4, ::4], subfiletype=1, **options)
        tiff.write(np.zeros((100, 90, 3), np.uint8), photometric="rgb", metadata={"Name": "label"})
    return path


@pytest.mark.parametrize("compression", LOSSLESS)
def test_ome_pyramids(tmp_path, compression):
    with open_slide(_ome(tmp_path / "s.ome.tif", compression)) as slide:
        assert (slide.dimensions, slide.n_levels, slide.mpp) == ((WIDTH, HEIGHT), 3, 0.25)
        assert np.array_equal(slide.read_tile(150, 130, 300, 0.25), IMAGE[130:430, 150:450])
        assert np.array_equal(slide.read_tile(160, 120, 100, 0.5), IMAGE[::2, ::2][60:160, 80:180])
        beyond = slide.read_tile(WIDTH - 50, HEIGHT - 40, 100, 0.25)
        assert np.array_equal(beyond[:40, :50], IMAGE[-40:, -50:])
        assert (beyond[40:] == 255).all()
        assert (slide.read_tile(-500, -500, 100, 0.25) == 255).all()


@pytest.mark.parametrize(
    ("layout", "levels"),
    [
        ({"tile": (256, 256), "compression": "zlib"}, 1),
        ({"tile": (128, 256), "byteorder": ">", "compression": "lzw"}, 1),
        ({"rowsperstrip": 7, "compression": "lzw"}, 1),
        ({"rowsperstrip": 64, "bigtiff": True}, 1),
        ({}, 1),
        ({"tile": (256, 256), "planarconfig": "separate"}, 1),
        ({"rowsperstrip": 50, "planarconfig": "separate", "compression": "zlib"}, 1),
    ],
)
def test_single_level_tiffs(tmp_path, layout, levels):
    planar = layout.get("planarconfig") == "separate"
    pixels = np.moveaxis(IMAGE, -1, 0).copy() if planar else IMAGE
    resolution = {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "s.tif", pixels, photometric="rgb", **resolution, **layout)
    with open_slide(tmp_path / "s.tif") as slide:
        assert (slide.mpp, slide.n_levels) == (pytest.approx(0.25), levels)
        for x, y, side in ((0, 0, 64), (250, 250, 20), (333, 111, 260), (WIDTH - 3, 5, 9)):
            wanted = np.full((side, side, 3), 255, np.uint8)
            part = IMAGE[y : y + side, x : x + side]
            wanted[: part.shape[0], : part.shape[1]] = part
            assert np.array_equal(slide.read_tile(x, y, side, 0.25), wanted)


def test_transparent_pixels_are_white(tmp_path):
    opaque = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    opaque[:300] = 0
    tifffile.imwrite(
        tmp_path / "s.tif",
        np.concatenate([IMAGE, opaque], -1),
        photometric="rgb",
        tile=(256, 256),
        extrasamples=[2],
    )
    with open_slide(tmp_path / "s.tif", slide_mpp=0.5) as slide:
        tile = slide.read_tile(200, 250, 100, 0.5)
    assert (tile[:50] == 255).all()
    assert np.array_equal(tile[50:], IMAGE[300:350, 200:300])


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (IMAGE.astype(np.uint16) * 256, {"photometric": "rgb", "tile": (256, 256)}),
        (IMAGE[..., 0], {"photometric": "minisblack", "tile": (256, 256)}),
        (np.stack([IMAGE[..., 0]] * 4), {"photometric": "minisblack", "tile": (256, 256), "ome": True}),
        (IMAGE.astype(np.float32), {"photometric": "rgb"}),
        (IMAGE[..., 0] > 200, {"photometric": "minisblack"}),
    ],
)
def test_what_is_no_8_bit_colour_is_refused_whatever_its_pixel_size(tmp_path, pixels, options):
    tifffile.imwrite(tmp_path / "s.tif", pixels, **options)
    with pytest.raises(SlideError) as refused:
        open_slide(tmp_path / "s.tif", slide_mpp=0.5)
    assert refused.value.code == "not_rgb"


def test_scanner_pyramids_read_alike_through_both_libraries(tmp_path):
    path = write_pyramid(tmp_path / "s.svs", stained_image(1500, 1300), levels=2)
    plain = OpenSlidePixels(path)
    with open_slide(path) as slide:
        assert isinstance(slide._pixels, TiffPixels)
        assert slide.properties["openslide.vendor"] == "aperio"
        for level, x, y in ((0, 300, 200), (0, 1400, 1250), (1, 400, 400), (1, 1200, 900)):
            ours, theirs = (each.read(level, x, y, 200, 150) for each in (slide._pixels, plain))
            assert np.array_equal(ours, theirs)


def test_openslide_reads_on_where_tifffile_shows_something_else(tmp_path, monkeypatch):
    path = write_pyramid(tmp_path / "s.svs", stained_image(1024, 1024))
    monkeypatch.setattr(TiffPixels, "read", lambda self, level, x, y, w, h: np.zeros((h, w, 3), np.uint8))
    with open_slide(path) as slide:
        assert isinstance(slide._pixels, OpenSlidePixels)


def test_one_handle_serves_many_threads(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    path = _ome(tmp_path / "s.ome.tif", "zlib")
    corners = [(x, y) for x in range(0, 600, 50) for y in range(0, 500, 50)] * 3
    with open_slide(path) as slide, ThreadPoolExecutor(8) as pool:
        tiles = list(pool.map(lambda corner: slide.read_tile(*corner, 64, 0.25), corners))
    for (x, y), tile in zip(corners, tiles, strict=True):
        part = IMAGE[y : y + 64, x : x + 64]
        assert np.array_equal(tile[: part.shape[0], : part.shape[1]], part)


@pytest.mark.parametrize(
    ("unit", "size", "mpp"),
    [("µm", 0.5, 0.5), ("nm", 250.0, 0.25), ("mm", 0.0005, 0.5), ("cm", 2.5e-5, 0.25)],
)
def test_ome_units(tmp_path, unit, size, mpp):
    with open_slide(_ome(tmp_path / "s.ome.tif", unit=unit, size=size)) as slide:
        assert slide.mpp == pytest.approx(mpp)


def test_ome_without_a_physical_unit_is_unknown(tmp_path):
    with pytest.raises(SlideError) as refused:
        open_slide(_ome(tmp_path / "s.ome.tif", unit="pixel", size=1.0))
    assert refused.value.code == "mpp_missing"


def test_ome_of_another_image_or_broken_says_nothing():
    xml = '<OME><Image><Pixels SizeX="9" SizeY="9" PhysicalSizeX="0.5" PhysicalSizeY="0.5"/></Image></OME>'
    assert ome_properties(xml, 9, 9) == {"openslide.mpp-x": "0.5", "openslide.mpp-y": "0.5"}
    assert ome_properties(xml, 9, 8) == {}
    assert ome_properties("<OME><Image>", 9, 9) == {}
    assert ome_properties(xml.replace('"0.5"', '"half"'), 9, 9) == {}


def test_ome_objective():
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument ID="I"><Objective ID="O:1"'
        ' NominalMagnification="10"/><Objective ID="O:2" NominalMagnification="40"/></Instrument><Image>'
        '<ObjectiveSettings ID="O:2"/><Pixels SizeX="9" SizeY="9"/></Image></OME>'
    )
    assert ome_properties(xml, 9, 9) == {"openslide.objective-power": "40"}


def test_the_same_tissue_at_20x_and_40x_gives_the_same_fields(tmp_path):
    """A cohort of mixed scanners: tiles are laid in micrometres, so places and pixels agree."""
    fine = stained_image(2048, 2048)
    fine = (
        np.asarray(fine).reshape(1024, 2, 1024, 2, 3).mean((1, 3)).repeat(2, 0).repeat(2, 1).astype(np.uint8)
    )
    paths = {
        0.25: write_pyramid(tmp_path / "40x.svs", fine, 0.25, levels=1),
        0.5: write_pyramid(tmp_path / "20x.svs", fine[::2, ::2], 0.5, levels=1),
    }
    settings, tiles = TileSettings(0.5, 128), {}
    for mpp, path in paths.items():
        with open_slide(path) as slide:
            corners = tile_grid(slide, find_tissue(slide), settings)
            tiles[mpp] = {
                (round(x * mpp), round(y * mpp)): slide.read_tile(int(x), int(y), 128, 0.5)
                for x, y in corners
            }
    assert len(tiles[0.5]) > 8
    shared = tiles[0.25].keys() & tiles[0.5].keys()
    assert len(shared) >= 0.9 * max(map(len, tiles.values()))
    for place in shared:
        assert np.abs(tiles[0.25][place].astype(int) - tiles[0.5][place]).mean() < 6


def test_a_tiff_without_pixels_is_truncated(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", IMAGE, photometric="rgb", tile=(256, 256))
    data = bytearray((tmp_path / "s.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "s.tif") as tiff:
        tag = tiff.pages.first.tags[325]
        data[tag.valueoffset : tag.valueoffset + tag.valuebytecount] = bytes(tag.valuebytecount)
    (tmp_path / "s.tif").write_bytes(data)
    with pytest.raises(SlideError) as refused:
        open_slide(tmp_path / "s.tif", slide_mpp=0.5)
    assert refused.value.code == "truncated"


def test_levels_that_show_something_else_are_refused(tmp_path):
    image = stained_image(2048, 2048)
    options = {"photometric": "rgb", "tile": (256, 256)}
    for name, small in (("good", image[::4, ::4]), ("wrong", np.rot90(image, 1)[::4, ::4] // 3 + 20)):
        with tifffile.TiffWriter(tmp_path / f"{name}.ome.tif", ome=True) as tiff:
            tiff.write(
                image,
                subifds=1,
                metadata={"axes": "YXS", "PhysicalSizeX": 2.0, "PhysicalSizeY": 2.0},
                **options,
            )
            tiff.write(np.ascontiguousarray(small), subfiletype=1, **options)
    with open_slide(tmp_path / "good.ome.tif") as slide:
        check_levels(slide, find_tissue(slide))
    with open_slide(tmp_path / "wrong.ome.tif") as slide, pytest.raises(SlideError) as refused:
        check_levels(slide, find_tissue(slide))
    assert refused.value.code == "levels_disagree"
