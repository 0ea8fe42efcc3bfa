"""DICOM slides: each instance built anew from the attributes that say how pixels are stored and how large they are."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

from tumorcast.domain.errors import InputError, SlideError
from tumorcast.slides.deidentify import codestreams, icc

_KEPT = """
SOPClassUID ImageType Modality SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows
Columns BitsAllocated BitsStored HighBit PixelRepresentation BurnedInAnnotation LossyImageCompression
LossyImageCompressionRatio LossyImageCompressionMethod TotalPixelMatrixColumns TotalPixelMatrixRows
TotalPixelMatrixFocalPlanes TotalPixelMatrixOriginSequence XOffsetInSlideCoordinateSystem
YOffsetInSlideCoordinateSystem ZOffsetInSlideCoordinateSystem ImageOrientationSlide ImagedVolumeWidth
ImagedVolumeHeight ImagedVolumeDepth VolumetricProperties SpecimenLabelInImage FocusMethod ExtendedDepthOfField
DimensionOrganizationType DimensionIndexSequence DimensionOrganizationSequence DimensionIndexPointer
FunctionalGroupPointer SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence
PixelSpacing SliceThickness SpacingBetweenSlices WholeSlideMicroscopyImageFrameTypeSequence FrameType
PlanePositionSlideSequence ColumnPositionInTotalImagePixelMatrix RowPositionInTotalImagePixelMatrix
FrameContentSequence DimensionIndexValues OpticalPathIdentificationSequence OpticalPathIdentifier
OpticalPathSequence NumberOfOpticalPaths IlluminationTypeCodeSequence IlluminationColorCodeSequence
ObjectiveLensPower ObjectiveLensNumericalAperture CodeValue CodingSchemeDesignator CodeMeaning ICCProfile
ColorSpace InstanceNumber InConcatenationNumber InConcatenationTotalNumber ConcatenationFrameOffsetNumber
PresentationLUTShape RescaleIntercept RescaleSlope PixelData ExtendedOffsetTable ExtendedOffsetTableLengths
"""
_RENEWED = """
SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID ConcatenationUID
SOPInstanceUIDOfConcatenationSource DimensionOrganizationUID PyramidUID
"""

KEPT = frozenset(_KEPT.split())
"""Keywords (DICOM PS3.6) that stay, at any depth. Texts among them are codes of the standard; all else is left out."""

UIDS = frozenset(_RENEWED.split())
"""Replaced by others, the same for the same, within one copy."""

EMPTY: tuple[str, ...] = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Must be there, and are empty."""

_SHOWS_LABEL = frozenset({"LABEL", "OVERVIEW", "THUMBNAIL", "LOCALIZER"})
_ROOT = "2.25."


def series_files(first: Path) -> list[Path]:
    """All files of the folder that belong to the slide of `first`: its series, else the file alone."""
    from tumorcast.slides.dicom import series_uid

    uid = series_uid(first)
    if uid is None:
        return [first]
    return [path for path in sorted(first.parent.iterdir()) if path.is_file() and series_uid(path) == uid]


def copy_dicom(first: Path, target: Path, key: bytes) -> str:
    """Write the de-identified series of `first` into `target`, a new folder; returns what was removed, in words.

    Args:
        first: any file of the series.
        target: the folder.
        key: of the new UIDs; the same key gives the same ones.

    Raises:
        InputError: pydicom is not installed.
        SlideError: `unreadable`, `no_pixels` where nothing but labels is left.
    """
    pydicom = _pydicom()
    target.mkdir()
    lost: set[str] = set()
    written, shown = 0, 0
    for path in series_files(first):
        try:
            source = pydicom.dcmread(path)
            kind = str(source.get("ImageType", ["", "", "VOLUME"])[2]).upper()
        except Exception as error:  # pydicom raises many classes on damaged files
            raise SlideError(
                "unreadable", "a file of the series cannot be read", got=f"{path.name}: {error}"
            ) from error
        if kind in _SHOWS_LABEL:
            shown += 1
            continue
        made = _made(source, key, lost)
        made.save_as(target / f"{made.SOPInstanceUID}.dcm", enforce_file_format=True)
        written += 1
    if not written:
        raise SlideError(
            "no_pixels", "the series holds no image of the scan", got=f"{shown} labels and overviews"
        )
    words = [f"{shown} pictures beside the scan"] if shown else []
    return "; ".join([*words, f"{len(lost)} attributes"] if lost else words)


def _made(source: Any, key: bytes, lost: set[str]) -> Any:
    pydicom = _pydicom()
    made = _kept(source, key, lost)
    for keyword in EMPTY:
        setattr(made, keyword, "")
    made.BurnedInAnnotation = "NO" if source.get("BurnedInAnnotation", "NO") == "NO" else "YES"
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = "rebuilt from technical attributes"
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = source.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta = meta
    return made


def _kept(source: Any, key: bytes, lost: set[str]) -> Any:
    """Copy of a dataset with what stays, at every depth."""
    made = _pydicom().Dataset()
    for element in source:
        word = element.keyword
        if word in UIDS:
            setattr(made, word, new_uid(str(element.value), key))
        elif word not in KEPT:
            lost.add(word or str(element.tag))
        elif element.VR == "SQ":
            setattr(made, word, [_kept(item, key, lost) for item in element.value])
        elif word == "ICCProfile":
            profile = icc.clean(bytes(element.value))
            if profile:
                made.ICCProfile = profile
        elif word == "PixelData":
            made[element.tag] = element
            made[element.tag].value = _blanked(element.value, source)
        else:
            made[element.tag] = element
    return made


def _blanked(pixels: bytes, source: Any) -> bytes:
    """Comments inside the frames of an encapsulated stream as zeros; plain pixels as they are."""
    if not source.file_meta.TransferSyntaxUID.is_compressed:
        return pixels
    changed, at = bytearray(pixels), 0
    while at + 8 <= len(pixels):
        tag, size = pixels[at : at + 4], int.from_bytes(pixels[at + 4 : at + 8], "little")
        if tag != b"\xfe\xff\x00\xe0":
            break
        frame = pixels[at + 8 : at + 8 + size]
        changed[at + 8 : at + 8 + size] = codestreams.blank(frame)
        at += 8 + size
    return bytes(changed)


def new_uid(uid: str, key: bytes) -> str:
    """A UID that only the key leads to (root 2.25, PS3.5 annex B.2)."""
    digest = hmac.new(key, uid.encode(), hashlib.sha256).digest()
    return _ROOT + str(int.from_bytes(digest[:16], "big"))


def _pydicom() -> Any:
    try:
        import pydicom
    except ImportError as error:
        raise InputError(
            "de-identifying DICOM needs pydicom",
            got=error,
            fix="pip install '.[deid]' in the project's folder",
        ) from error
    return pydicom
