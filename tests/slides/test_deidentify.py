"""Copies that tell nothing of the patient, originals that are as they were, and a check that can fail."""

from __future__ import annotations

import csv
import io
import stat

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from slides.conftest import stained_image
from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError
from tumorcast.slides.deidentify import check, codestreams, icc, policy, texts, tiff
from tumorcast.slides.deidentify.run import check_copy, deidentify
from tumorcast.slides.discover import find_slides
from tumorcast.slides.reader import open_slide

NAME = "Doe^Jane^1956"
SECRETS = [
    "Doe^Jane^1956",
    "ACC-2024-778899",
    "hostname-scanner-07",
    "Pathologist.Smith",
    "SERIAL-123456",
    "MRN00112233",
]
IMAGE = stained_image(700, 600)


def _jpeg(picture, comment=b""):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=90, subsampling=0, comment=comment)
    return buffer.getvalue()


def _tiles(picture, comment=b""):
    for top in range(0, picture.shape[0], 256):
        for left in range(0, picture.shape[1], 256):
            tile = np.full((256, 256, 3), 255, np.uint8)
            part = picture[top : top + 256, left : left + 256]
            tile[: part.shape[0], : part.shape[1]] = part
            yield _jpeg(tile, comment)


def aperio(path, byteorder="<", bigtiff=False):
    """Identifiers in every place that a scanner or an exporter writes to, and a label that shows a name."""
    head = "Aperio Image Library v12.0.15 \r\n700x600 [0,0 700x600] (256x256) JPEG/RGB Q=90"
    fields = (
        f"|AppMag = 20|MPP = 0.5000|Filename = {SECRETS[1]}|User = {SECRETS[3]}|ScanScope ID = {SECRETS[4]}"
    )
    fields += f"|Title = {NAME}|Date = 03/14/24|Time = 09:59:15|Left = 25.6|ImageID = 7788991"
    extra = [
        (316, "s", 0, SECRETS[2], False),
        (315, "s", 0, SECRETS[3], False),
        (65000, "s", 0, SECRETS[5], False),
    ]
    extra += [(700, "B", 0, f"<x:xmpmeta>{NAME}</x:xmpmeta>".encode(), False)]
    options = {"photometric": "rgb", "tile": (256, 256), "compression": "jpeg", "metadata": None}
    label = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=bigtiff) as file:
        for step in (1, 4):
            picture = np.ascontiguousarray(IMAGE[::step, ::step])
            file.write(
                _tiles(picture, SECRETS[5].encode()), shape=picture.shape, dtype=np.uint8, description=head + fields,
                datetime="2024:03:14 09:59:15", software=SECRETS[2], extratags=extra, subfiletype=int(step > 1),
                **options,
            )  # fmt: skip
        file.write(
            label,
            photometric="rgb",
            description="Aperio Image Library v12.0.15 \r\nlabel 120x90",
            metadata=None,
        )
        file.write(
            label[::-1], photometric="rgb", description="Aperio\r\nmacro 120x90", subfiletype=9, metadata=None
        )
    return path


def ome(path):
    xml_name = {"Name": NAME, "Description": SECRETS[1], "AcquisitionDate": "2024-03-14T09:59:15"}
    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
        told = {"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, **xml_name}
        options = {"photometric": "rgb", "tile": (256, 256), "compression": "zlib"}
        file.write(IMAGE, subifds=1, metadata=told, software=SECRETS[2], **options)
        file.write(IMAGE[::4, ::4], subfiletype=1, **options)
        label = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
        file.write(label, photometric="rgb", metadata={"Name": f"label {SECRETS[5]}"})
    return path


def _run(source, tmp_path, mapping="map.csv"):
    (row,) = deidentify(find_slides([source]), tmp_path / "out", tmp_path / mapping, progress=False)
    return row, next((path for path in (tmp_path / "out").iterdir() if path.stem.startswith(row.name)), None)


def _holds(path, word):
    data = path.read_bytes()
    return any(form in data for form in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")))


@pytest.mark.parametrize(("order", "big"), [("<", False), ("<", True), (">", True)])
def test_aperio(tmp_path, order, big):
    source = aperio(tmp_path / f"{SECRETS[1]}.svs", order, big)
    before = source.read_bytes(), source.stat().st_mtime_ns
    assert all(_holds(source, word) for word in SECRETS)
    row, copy = _run(source, tmp_path)
    assert (row.status, row.reason) == ("ok", "")
    assert "Filename" in row.removed
    assert not any(_holds(copy, word) for word in SECRETS)
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert not openslide.OpenSlide(copy).associated_images
    with open_slide(source) as one, open_slide(copy) as two:
        assert (two.dimensions, two.n_levels, two.mpp) == (one.dimensions, one.n_levels, one.mpp)
        assert two.properties["openslide.objective-power"] == "20"
        for level, x, y in ((0, 0, 0), (0, 300, 200), (1, 100, 100)):
            pair = [each._pixels.read(level, x, y, 300, 300) for each in (one, two)]
            assert np.array_equal(*pair)
    assert check_copy(copy) == []


def test_ome(tmp_path):
    source = ome(tmp_path / "s.ome.tif")
    row, copy = _run(source, tmp_path)
    assert row.status == "ok"
    assert copy.name.endswith(".ome.tif")
    assert not any(_holds(copy, word) for word in (NAME, SECRETS[1], SECRETS[2], SECRETS[5], "2024-03-14"))
    with open_slide(copy) as slide:
        assert (slide.mpp, slide.n_levels, slide.dimensions) == (0.5, 2, (700, 600))
        assert np.array_equal(slide.read_tile(100, 100, 300, 0.5), IMAGE[100:400, 100:400])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (("texts", "aperio", lambda text: (text, [])), "description"),
        (("tiff", "_is_level", lambda directory, main: True), "picture"),
        (("codestreams", "blank", lambda data: data), "compressed pixels"),
        (("policy", "STRUCTURE_TAGS", policy.STRUCTURE_TAGS | {306, 316, 65000}), "text of the source"),
    ],
)
def test_the_check_finds_what_a_broken_remover_leaves(tmp_path, monkeypatch, broken, says):
    """Each step of the removal in turn does nothing: there is no copy, and the reason is told."""
    module, name, value = broken
    target = {"texts": texts, "tiff": tiff, "codestreams": codestreams, "policy": policy}[module]
    source = aperio(tmp_path / "s.svs")
    if module == "policy":
        words = {*check._words_of_tiff(source)}
        monkeypatch.setattr(check, "_words_of_tiff", lambda _: words)
    monkeypatch.setattr(target, name, value)
    row, copy = _run(source, tmp_path)
    assert row.status == "failed"
    assert says in row.reason
    assert copy is None
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unlinked_label_is_found_by_its_bytes(tmp_path):
    """What a tool leaves that only takes the label out of the list of directories."""
    source = aperio(tmp_path / "s.svs")
    _, copy = _run(source, tmp_path)
    with tifffile.TiffFile(source) as tiff_file:
        page = tiff_file.pages[2]
        label = source.read_bytes()[page.dataoffsets[0] : page.dataoffsets[0] + page.databytecounts[0]]
    with copy.open("ab") as file:
        file.write(label)
    assert check_copy(copy, source) == ["pixels of a picture beside the scan"]


def test_names_come_from_the_mapping_and_work_goes_on(tmp_path):
    sources = [
        aperio(tmp_path / "in" / f"{name}.svs")
        for name in "ab"
        if (tmp_path / "in").mkdir(exist_ok=True) is None
    ]
    mapping = tmp_path / "keys" / "map.csv"
    mapping.parent.mkdir()
    mapping.write_text(f"source,name\n{sources[0]},TRIAL-001\n")
    first = deidentify(find_slides([tmp_path / "in"]), tmp_path / "out", mapping, progress=False)
    assert first[0].name == "TRIAL-001"
    assert first[1].name.startswith("slide-")
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    again = deidentify(find_slides([tmp_path / "in"]), tmp_path / "out", mapping, progress=False)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == times
    (tmp_path / "out" / "TRIAL-001.svs").write_bytes(b"changed")
    assert deidentify(find_slides([tmp_path / "in"]), tmp_path / "out", mapping, progress=False) == first
    assert len(list(csv.DictReader(mapping.open()))) == 2


def test_mappings_and_places_that_would_undo_it_are_refused(tmp_path):
    source = aperio(tmp_path / "in.svs")
    files = find_slides([source])
    with pytest.raises(InputError, match="among the copies"):
        deidentify(files, tmp_path / "out", tmp_path / "out" / "map.csv", progress=False)
    with pytest.raises(InputError, match="among the originals"):
        deidentify(files, tmp_path, tmp_path.parent / "map.csv", progress=False)
    (tmp_path / "map.csv").write_text(f"source,name\n{source},../escape\n")
    with pytest.raises(InputError, match="cannot be used"):
        deidentify(files, tmp_path / "out", tmp_path / "map.csv", progress=False)


def test_bad_files_do_not_stop_the_others(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    aperio(tmp_path / "in" / "good.svs")
    (tmp_path / "in" / "text.svs").write_text("no slide")
    (tmp_path / "in" / "mirax.mrxs").write_bytes(b"\xff\xd8")
    cut = aperio(tmp_path / "in" / "cut.svs")
    cut.write_bytes(cut.read_bytes()[:5000])
    words = ["slides", "deidentify", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--mapping"]
    assert main([*words, str(tmp_path / "m.csv"), "--quiet"]) == 1
    told = capsys.readouterr().out
    assert "1 of 4 slides have a checked copy" in told
    assert len(list((tmp_path / "out").iterdir())) == 1
    assert main(["slides", "deidentify", "--check", str(tmp_path / "out")]) == 0
    assert main(["slides", "deidentify", "--check", str(tmp_path / "in")]) == 1


def test_icc_profiles_keep_colours_and_lose_texts():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    marked = profile.replace(b"sRGB", b"S/N7")
    cleaned = icc.clean(marked)
    assert b"S/N7" not in cleaned
    assert len(cleaned) == len(marked)
    lab = ImageCms.createProfile("LAB")
    one, two = (
        ImageCms.profileToProfile(
            Image.fromarray(IMAGE), ImageCms.ImageCmsProfile(io.BytesIO(each)), lab, outputMode="LAB"
        )
        for each in (profile, cleaned)
    )
    assert np.array_equal(np.asarray(one), np.asarray(two))
    assert icc.clean(b"damaged") == b""


def _dicom(folder, kind="VOLUME", number=1):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{number}"
    data.SeriesInstanceUID, data.StudyInstanceUID, data.FrameOfReferenceUID = (
        "1.2.3.55555",
        "1.2.3.66666",
        "1.2.3.77777",
    )
    data.ImageType = ["ORIGINAL", "PRIMARY", kind, "NONE"]
    data.PatientName, data.PatientID, data.PatientBirthDate = NAME, SECRETS[5], "19560203"
    data.AccessionNumber, data.InstitutionName, data.DeviceSerialNumber = (
        "77889912",
        "Hospital of X",
        SECRETS[4],
    )
    data.StudyDate, data.AcquisitionDateTime, data.Modality = "20240314", "20240314095915", "SM"
    data.ContainerIdentifier, data.Manufacturer = SECRETS[1], "Maker"
    data.LabelText, data.BarcodeValue = NAME, SECRETS[1]
    data.add_new(0x00091001, "LO", SECRETS[2])
    specimen = Dataset()
    specimen.SpecimenIdentifier, specimen.SpecimenUID = SECRETS[1], "1.2.3.88888"
    data.SpecimenDescriptionSequence = [specimen]
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.0005, 0.0005], 0.001
    shared.PixelMeasuresSequence = [measures]
    data.SharedFunctionalGroupsSequence = [shared]
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", 0
    data.Rows = data.Columns = 256
    data.NumberOfFrames, data.TotalPixelMatrixRows, data.TotalPixelMatrixColumns = 6, 600, 700
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.DimensionOrganizationType = "TILED_FULL"
    frames = np.full((768, 768, 3), 255, np.uint8)
    frames[:600, :700] = IMAGE
    tiles = [frames[y : y + 256, x : x + 256] for y in (0, 256, 512) for x in (0, 256, 512)]
    data.NumberOfFrames = len(tiles)
    data.PixelData = np.stack(tiles).tobytes()
    folder.mkdir(exist_ok=True)
    data.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return pydicom


def test_dicom(tmp_path):
    pydicom = _dicom(tmp_path / "series")
    _dicom(tmp_path / "series", "LABEL", 2)
    row, copy = _run(tmp_path / "series" / "1.dcm", tmp_path)
    assert (row.status, row.reason) == ("ok", "")
    (instance,) = copy.iterdir()
    data = pydicom.dcmread(instance)
    source = pydicom.dcmread(tmp_path / "series" / "1.dcm")
    assert data.PixelData == source.PixelData
    assert (data.TotalPixelMatrixColumns, data.Modality) == (700, "SM")
    assert data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing == [0.0005, 0.0005]
    assert data.PatientName == "" == data.AccessionNumber
    assert data.SeriesInstanceUID.startswith("2.25.")
    for word in (
        *SECRETS[:2],
        *SECRETS[4:],
        "19560203",
        "20240314",
        "1.2.3.55555",
        "1.2.3.88888",
        "Hospital",
    ):
        assert not _holds(instance, word), word
    data.InstitutionName = "Hospital of X"
    data.save_as(instance)
    left = check_copy(copy, tmp_path / "series" / "1.dcm")
    assert "attribute InstitutionName" in left
    assert any("Hospital of X" in each for each in left)


def test_dicom_with_a_broken_remover_gives_no_copy(tmp_path, monkeypatch):
    _dicom(tmp_path / "series")
    from tumorcast.slides.deidentify import dicom

    monkeypatch.setattr(dicom, "KEPT", dicom.KEPT | {"PatientID", "ContainerIdentifier"})
    monkeypatch.setattr(dicom, "EMPTY", ())
    row, copy = _run(tmp_path / "series" / "1.dcm", tmp_path)
    assert row.status == "failed"
    assert "ContainerIdentifier" in row.reason
    assert copy is None


def test_real_slides(shared_data, tmp_path):
    folder = shared_data / "WSI"
    rows = deidentify(find_slides([folder]), tmp_path / "out", tmp_path / "map.csv", progress=False)
    assert [row.status for row in rows] == ["ok"] * 3
    for row in rows:
        copy = next((tmp_path / "out").glob(f"{row.name}.*"))
        with open_slide(row.source, 0.5) as one, open_slide(copy, 0.5) as two:
            assert (one.dimensions, one.mpp, two.associated_images) == (two.dimensions, two.mpp, ())
            assert np.array_equal(one.read_tile(500, 500, 300, 0.5), two.read_tile(500, 500, 300, 0.5))
