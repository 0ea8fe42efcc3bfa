"""Pixel size known or refused, tiles of the right physical size, flat images, damage."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tumorcast.domain.errors import InputError, SlideError
from tumorcast.slides.mpp import mpp_from_properties, mpp_from_resolution
from tumorcast.slides.pixels import ArrayPixels
from tumorcast.slides.reader import Slide, open_slide


def test_mpp_comes_from_the_file(make_slide):
    with open_slide(make_slide(mpp=0.4321), slide_mpp=2.0) as slide:
        assert slide.mpp == pytest.approx(0.4321)
        assert not slide.is_mpp_given
        assert slide.dimensions == (1024, 1024)


def test_missing_mpp_is_refused_with_a_way_out(make_slide):
    with pytest.raises(SlideError, match="--slide-mpp") as caught:
        open_slide(make_slide(mpp=None))
    assert caught.value.code == "mpp_missing"


def test_missing_mpp_is_stood_in_for(make_slide):
    with open_slide(make_slide(mpp=None), slide_mpp=0.31) as slide:
        assert slide.mpp == 0.31
        assert slide.is_mpp_given


def test_a_study_s_own_mpp_is_believed_before_the_file(make_slide):
    with open_slide(make_slide(mpp=0.5), slide_mpp=0.31, override_mpp=0.25) as slide:
        assert slide.mpp == 0.25


@pytest.mark.parametrize("mpp", [0.0, -1.0, 25.0, float("nan"), float("inf")])
def test_implausible_given_mpp_is_refused(make_slide, mpp):
    with pytest.raises(InputError, match="plausible"):
        open_slide(make_slide(mpp=None), slide_mpp=mpp)


def test_implausible_mpp_of_the_file_counts_as_missing():
    assert mpp_from_properties({"openslide.mpp-x": "352.8", "openslide.mpp-y": "352.8"}) is None
    assert mpp_from_properties({"openslide.mpp-x": "nan", "openslide.mpp-y": "0.5"}) is None


def test_pixels_that_are_not_square_are_refused():
    with pytest.raises(SlideError) as caught:
        mpp_from_properties({"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.5"})
    assert caught.value.code == "mpp_anisotropic"


@pytest.mark.parametrize(
    ("per_unit", "unit", "mpp"),
    [
        (20_000, "centimeter", 0.5),
        (50_800, "inch", 0.5),
        (72, "inch", None),
        (1, "", None),
        (0, "inch", None),
    ],
)
def test_mpp_from_tiff_resolution(per_unit, unit, mpp):
    assert mpp_from_resolution(per_unit, per_unit, unit) == (mpp and pytest.approx(mpp))


def _ruler(levels_from: int = 1) -> Slide:
    """A slide of 0.25 um/px whose red value tells the x position: 2 grey values per 25 um."""
    red = np.repeat(np.arange(0, 200, 2, dtype=np.uint8), 100)[None, :, None]
    image = np.broadcast_to(red, (1000, 10_000, 3)).copy()
    return Slide(None, ArrayPixels(image, {}), 0.25)


@pytest.mark.parametrize(
    ("tile_px", "target_mpp"), [(200, 0.25), (100, 0.5), (50, 1.0), (64, 0.73), (25, 2.0)]
)
def test_tile_spans_its_physical_size_at_any_mpp(tile_px, target_mpp):
    """The x position that a tile's last column shows is `tile_um` from the first, to within a step."""
    tile = _ruler().read_tile(1000, 0, tile_px, target_mpp)
    assert tile.shape == (tile_px, tile_px, 3)
    um_of_grey = 25 / 2
    first, last = tile[0, 0, 0] * um_of_grey, tile[0, -1, 0] * um_of_grey
    assert first == pytest.approx(1000 * 0.25, abs=25)
    assert last - first == pytest.approx(tile_px * target_mpp, abs=25 + target_mpp)


def test_the_coarsest_level_that_is_fine_enough_is_read(make_slide):
    with open_slide(make_slide(mpp=0.25, levels=3)) as slide:
        assert [slide.level_for(mpp) for mpp in (0.2, 0.25, 0.9, 0.995, 1.0, 3.9, 8)] == [0, 0, 0, 1, 1, 1, 2]


def test_levels_agree(make_slide):
    """The same field read through level 0 and through the next level looks the same."""
    with open_slide(make_slide(mpp=0.25)) as slide:
        fine = np.asarray(
            Image.fromarray(slide.read_tile(256, 256, 400, 0.25)).resize((100, 100), Image.Resampling.BOX)
        )
        coarse = slide.read_tile(256, 256, 100, 1.0)
    assert np.abs(fine.astype(int) - coarse).mean() < 6


def test_a_scan_far_too_coarse_is_refused(make_slide):
    with open_slide(make_slide(mpp=4.0)) as slide, pytest.raises(SlideError) as caught:
        slide.check_target(0.5)
    assert caught.value.code == "mpp_too_coarse"


def test_outside_the_slide_is_white(make_slide):
    with open_slide(make_slide()) as slide:
        assert slide.read_tile(5000, 5000, 64, 0.5).min() == 255
    assert _ruler().read_tile(-4000, -4000, 64, 0.5).min() == 255


def test_thumbnail_has_the_asked_pixel_size(make_slide):
    with open_slide(make_slide(mpp=0.5, size=1000)) as slide:
        assert slide.thumbnail(8.0).shape == (62, 62, 3)
        assert slide.thumbnail(0.1).shape == (1000, 1000, 3)


def test_thumbnail_read_in_blocks_equals_one_read(make_slide, monkeypatch):
    with open_slide(make_slide(size=1024, levels=1)) as slide:
        whole = slide.thumbnail(4.0)
        monkeypatch.setattr("tumorcast.slides.reader._BLOCK_PX", 256)
        assert np.abs(whole.astype(int) - slide.thumbnail(4.0)).max() <= 1


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
def test_flat_images_are_read(tmp_path, suffix):
    image = np.full((300, 400, 3), (200, 120, 180), np.uint8)
    path = tmp_path / f"flat{suffix}"
    Image.fromarray(image).save(path)
    with open_slide(path, slide_mpp=0.5) as slide:
        assert slide.dimensions == (400, 300)
        assert np.abs(slide.read_tile(0, 0, 100, 1.0).astype(int) - image[0, 0]).max() <= 2


def test_flat_tiff_resolution_gives_mpp(tmp_path):
    path = tmp_path / "flat.tif"
    Image.new("RGB", (300, 300), "white").save(path, resolution=20_000, resolution_unit="cm")
    with open_slide(path) as slide:
        assert slide.mpp == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.svs", b"", "empty_file"),
        ("text.svs", b"not a slide at all" * 50, "unsupported_format"),
        ("noise.tif", b"II*\0" + b"\xff" * 200, "truncated"),
        ("scan.isyntax", b"\0" * 200, "unsupported_format"),
    ],
)
def test_what_is_not_a_slide_has_a_code(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SlideError) as caught:
        open_slide(path, slide_mpp=0.5)
    assert caught.value.code == code


def test_missing_file_has_a_code(tmp_path):
    with pytest.raises(SlideError) as caught:
        open_slide(tmp_path / "gone.svs", 0.5)
    assert caught.value.code == "missing_file"


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.999])
def test_truncated_pyramid_is_refused(make_slide, kept):
    path = make_slide()
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SlideError) as caught:
        open_slide(path, 0.5)
    assert caught.value.code == "truncated"


def test_fluorescence_like_greyscale_is_refused(tmp_path):
    path = tmp_path / "grey.tif"
    Image.new("I;16", (300, 300)).save(path)
    with pytest.raises(SlideError) as caught:
        open_slide(path, slide_mpp=0.5)
    assert caught.value.code == "not_rgb"


@pytest.mark.parametrize(
    ("name", "used_bytes"),
    [("CMU-1-Small-Region.svs", 1_938_955), ("ihc_1065626.svs", 2_930_726), ("kidney-48-5.tif", 4_035_719)],
)
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.96, 0.999])
def test_real_slides_cut_short_are_refused(shared_data, tmp_path, name, used_bytes, kept):
    """Also where OpenSlide or Pillow would open what is left. The second file ends in a megabyte unused."""
    with (shared_data / "WSI" / name).open("rb") as whole:
        (tmp_path / name).write_bytes(whole.read(int(used_bytes * kept)))
    with pytest.raises(SlideError) as caught:
        open_slide(tmp_path / name, slide_mpp=0.5)
    assert caught.value.code == "truncated"


def test_real_slides(shared_data):
    for name, mpp in (("CMU-1-Small-Region.svs", 0.499), ("ihc_1065626.svs", 0.5026)):
        with open_slide(shared_data / "WSI" / name) as slide:
            assert slide.mpp == pytest.approx(mpp)
    with pytest.raises(SlideError) as caught:
        open_slide(shared_data / "WSI" / "kidney-48-5.tif")
    assert caught.value.code == "mpp_missing"
    with open_slide(shared_data / "WSI" / "kidney-48-5.tif", slide_mpp=2.0) as slide:
        assert slide.dimensions == (1493, 901)
