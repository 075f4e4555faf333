"""Layouts for the detection of objects are recognised and refused by name."""

from __future__ import annotations

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
        (["images"], {"images/0.xml": VOC}, "Pascal VOC (images/0.xml)"),
        (["images", "masks"], {}, "images and masks (masks)"),
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


def test_a_stray_file_beside_folders_of_classes_is_no_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path / "caches"))
    folder = tmp_path / "set"
    for seed, name in enumerate(("labels", "images of cats")):
        for number in range(5):
            noise(folder / name / f"{number}.png", 10 * seed + number, (12, 12))
    (folder / "export.json").write_text(COCO)
    assert catalog.read_format("folder", folder, None).spec.classes == ("images of cats", "labels")
