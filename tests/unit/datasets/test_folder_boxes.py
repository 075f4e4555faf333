"""Layouts for the detection of objects are recognised and refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.dataset_files import noise

from tuner.core import catalog
from tuner.core.errors import TunerError

COCO = '{"info": {}, "images": [{"file_name": "0.png"}], "annotations": []}'
YOLO = "0 0.5 0.5 0.25 0.125\n3 0.1 0.2 0.1 0.1\n"
VOC = "<annotation><object/></annotation>"


@pytest.mark.parametrize(
    ("images", "texts", "what"),
    [
        (["images/train", "images/val"], {"labels/train/0.txt": YOLO}, "YOLO (labels)"),
        (["train/images", "valid/images"], {"train/labels/0.txt": YOLO}, "YOLO (train/labels)"),
        (["train"], {"train/0.txt": YOLO}, "YOLO (train/0.txt)"),
        (["train2017", "val2017"], {"annotations/instances_val2017.json": COCO}, "COCO (annotations/instances_val2017"),
        (["train", "valid"], {"train/_annotations.coco.json": COCO}, "COCO (train/_annotations.coco.json)"),
        (["JPEGImages", "SegmentationClass"], {"Annotations/0.xml": VOC}, "Pascal VOC (Annotations)"),
        (["images"], {"images/0.xml": VOC}, "Pascal VOC or CVAT (images/0.xml)"),
        (["images", "masks"], {}, "images and masks (masks)"),
        (["images"], {"annotations.xml": VOC}, "Pascal VOC or CVAT (annotations.xml)"),
        (["images"], {"annotations/coco.json": COCO}, "COCO (annotations/coco.json)"),
        (["scans"], {"scans/0.json": '{"shapes": [], "imagePath": "0.png"}'}, "LabelMe or VIA (scans/0.json)"),
    ],
)
def test_is_refused_by_name(tmp_path: Path, images: list[str], texts: dict[str, str], what: str) -> None:
    folder = tmp_path / "set"
    for name in images:
        for number in range(3):
            noise(folder / name / f"{number}.png", number, (12, 12))
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with pytest.raises(TunerError) as error:
        catalog.read_format("folder", folder, None)
    message = str(error.value)
    assert what in message
    assert message.endswith("put each image, or what is cut out of it, into a folder of its class")


def test_a_stray_file_beside_folders_of_classes_is_no_reason(tmp_path: Path, caches: Path) -> None:
    folder = tmp_path / "set"
    for seed, name in enumerate(("cats", "dogs")):
        for number in range(5):
            noise(folder / name / f"{number}.png", 10 * seed + number, (12, 12))
    (folder / "export.json").write_text(COCO)
    assert catalog.read_format("folder", folder, None).spec.classes == ("cats", "dogs")


def test_classes_of_whole_images_by_via_are_refused_with_the_table_that_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for number in range(4):
        noise(folder / f"{number}.png", number, (12, 12))
    entries = {
        f"{n}.png12": {"filename": f"{n}.png", "regions": [], "file_attributes": {"class": "ab"[n % 2]}}
        for n in range(4)
    }
    (folder / "via.json").write_text(json.dumps(entries))
    rows = [f'{n}.png,12,"{{""class"":""{"ab"[n % 2]}""}}",0,0,{{}},{{}}' for n in range(4)]
    head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    for name, text in (("via.json", json.dumps(entries)), ("via.csv", "\n".join([head, *rows]))):
        for old in folder.glob("via.*"):
            old.unlink()
        (folder / name).write_text(text)
        with pytest.raises(TunerError) as error:
            catalog.read_format("folder", folder, None)
        assert f"{name} holds classes of whole images as VIA writes them (file_attributes)" in str(error.value)
        assert str(error.value).endswith("write them to a table labels.csv with the columns file and label")
