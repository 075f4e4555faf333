"""Two folders or tables of one name are told apart before anything is trained; what is the same data goes on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from support.dataset_files import noise
from support.made_up_search import Recorder

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.identity import DataIdentity
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs.upload import pack, unpack
from tuner.sweeps.preparation import begin as prepare
from tuner.tracking.run_tags import identity_tags, tags_of
from tuner.tracking.store import Store

pytestmark = pytest.mark.usefixtures("caches")


def make_folder(path: Path, *classes: str, images: int = 8, seed: int = 0) -> None:
    for place, name in enumerate(classes):
        for number in range(images):
            noise(path / name / f"{number}.png", 100 * seed + 10 * place + number, (8, 8))


def begin(dataset: str, **more: Any) -> tuple[SweepConfig, list[str]]:
    """Plans a sweep and claims its folder, as `tuner train` does before it trains."""
    told = Recorder()
    request = SweepRequest(dataset=dataset, model="lenet", trials=1, max_epochs=1, cpus_per_trial=1, **more)
    config, _, _ = prepare(request, callbacks=[told])
    return config, [note for note in told.notes if "search space" not in note]


def test_another_folder_of_the_same_name_is_refused_before_training_and_gets_a_name_by_as(
    tmp_path: Path, home: Path
) -> None:
    make_folder(tmp_path / "photos", "cat", "dog")
    make_folder(tmp_path / "other" / "photos", "blue", "red", seed=1)
    first, notes = begin("folder:photos")
    assert (first.pair, notes) == ("folder_photos-lenet", [])
    with pytest.raises(TunerError) as refused:
        begin("folder:other/photos")
    assert str(refused.value) == (
        f"the name folder_photos belongs to folder:{tmp_path}/photos with the classes cat, dog "
        f"(folder_photos-lenet-1), and this is folder:{tmp_path}/other/photos with the classes blue, red: give it a "
        "name of its own, such as --as other_photos"
    )
    assert [path.name for path in home.glob("*/sweep.json")] == ["sweep.json"]
    named, notes = begin("folder:other/photos", known_as="other_photos")
    assert (named.pair, named.name, notes) == ("other_photos-lenet", "other_photos-lenet-1", [])
    assert begin("folder:other/photos", known_as="other_photos")[1] == []
    assert begin("folder:photos")[1] == []
    with pytest.raises(TunerError, match=r"^the name other_photos belongs to"):
        begin("folder:photos", known_as="other_photos")
    with pytest.raises(
        TunerError, match=r"^--name 'other_photos-lenet': that is the name of a pair's registered model"
    ):
        begin("folder:photos", name="other_photos-lenet")


def test_the_same_classes_elsewhere_are_other_data_unless_the_samples_are_the_same(tmp_path: Path) -> None:
    make_folder(tmp_path / "photos", "cat", "dog")
    make_folder(tmp_path / "later" / "photos", "cat", "dog", seed=1)
    begin("folder:photos")
    with pytest.raises(
        TunerError, match=r"with the classes cat, dog: give it a name of its own, such as --as later_ph"
    ):
        begin("folder:later/photos")
    _, [note] = begin("folder:later/photos", known_as="folder_photos")  # its user has named it
    assert note.startswith("folder_photos was the name of folder:")
    shutil.copytree(tmp_path / "later" / "photos", tmp_path / "moved" / "photos")
    config, [note] = begin("folder:moved/photos", limit=6)
    assert note.endswith(f"had the same samples at folder:{tmp_path}/later/photos: it is the same pair")
    assert config.pair == "folder_photos-lenet"


def test_a_folder_that_has_grown_is_the_same_pair_and_one_with_a_new_class_keeps_its_name_only_if_told(
    tmp_path: Path,
) -> None:
    make_folder(tmp_path / "photos", "cat", "dog")
    first, _ = begin("folder:photos")
    make_folder(tmp_path / "photos", "cat", "dog", images=12)
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    grown, notes = begin("folder:photos")
    assert (grown.pair, notes, grown.data != first.data) == ("folder_photos-lenet", [], True)
    make_folder(tmp_path / "photos", "bird")
    with pytest.raises(TunerError, match=r"the classes bird, cat, dog: .*, or keep the name by --as folder_photos$"):
        begin("folder:photos")
    _, [note] = begin("folder:photos", known_as="folder_photos")
    assert "with the classes cat, dog" in note
    assert begin("folder:photos")[1] == []


def test_a_home_of_an_earlier_version_goes_on(tmp_path: Path, home: Path) -> None:
    """Its sweeps know the path alone; what they have mixed under one name is told, and not refused."""
    make_folder(tmp_path / "photos", "cat", "dog")
    make_folder(tmp_path / "other" / "photos", "blue", "red", seed=1)
    first, _ = begin("folder:photos")
    replace(first, identity=None).save(home / first.name)
    assert begin("folder:photos")[1] == []
    mixed = replace(first, name="mixed", dataset=f"folder:{tmp_path}/other/photos", identity=None)
    (home / "mixed").mkdir()
    mixed.save(home / "mixed")
    _, [note] = begin("folder:photos")
    assert note == (
        f"folder_photos is also the name of folder:{tmp_path}/other/photos (mixed): --as NAME keeps the two apart"
    )


def test_what_is_sent_to_a_cluster_is_known_by_the_path_that_it_was_sent_from(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(dataset: str, job: str) -> tuple[SweepConfig, list[str]]:
        packed = pack(SweepRequest(dataset=dataset, model="lenet"), tmp_path / job)
        with monkeypatch.context() as within:
            within.chdir(tmp_path / job)
            [there] = unpack([packed.dataset], home)
        return begin(there)

    home.mkdir()
    make_folder(tmp_path / "photos", "cat", "dog")
    make_folder(tmp_path / "other" / "photos", "cat", "dog", seed=1)
    first, _ = send("folder:photos", "first")
    make_folder(tmp_path / "photos", "cat", "dog", images=12)
    second, notes = send("folder:photos", "second")
    assert (first.pair, second.pair, notes) == ("folder_photos-lenet", "folder_photos-lenet", [])
    assert first.dataset != second.dataset
    with pytest.raises(TunerError, match=r"^the name folder_photos belongs to folder:photos as sent from the path "):
        send("folder:other/photos", "third")


def test_a_name_that_only_the_registry_knows_is_taken_too(tmp_path: Path, home: Path, database: Path) -> None:
    make_folder(tmp_path / "photos", "cat", "dog")
    make_folder(tmp_path / "other" / "photos", "blue", "red", seed=1)
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    first, _ = begin("folder:photos")
    client = MlflowClient(Store.of(home).uri, Store.of(home).uri)
    client.create_registered_model(first.pair)
    client.create_model_version(first.pair, str(tmp_path), tags=identity_tags(first))
    shutil.rmtree(home / first.name)
    with pytest.raises(
        TunerError, match=r"with the classes cat, dog \(version 1 of folder_photos-lenet\), and this is"
    ):
        begin("folder:other/photos")


def test_the_identity_is_in_the_sweep_and_in_the_tags_of_runs_and_versions(tmp_path: Path, home: Path) -> None:
    make_folder(tmp_path / "photos", "cat", "dog")
    config, _ = begin("folder:photos")
    kept = SweepConfig.load(home / config.name).data_identity
    assert kept
    assert (kept, kept.classes) == (config.data_identity, "cat, dog")
    tags = tags_of(config)
    assert tags["tuner.pair_data"] == kept.fingerprint
    assert DataIdentity.from_json(json.loads(tags["tuner.data_identity"])) == kept
    assert begin("digits")[0].identity is None


@pytest.mark.parametrize(
    ("dataset", "name", "message"),
    [
        ("digits", "mine", "--as mine: digits has its name from tuner list: the option is for your own data"),
        ("folder:photos", "digits", "--as digits: that is a dataset of tuner list: choose another name"),
        ("folder:photos", "my-photos", "--as 'my-photos': use at most 60 letters, digits or '_'"),
        ("folder:photos", "", "--as '': use at most 60 letters, digits or '_'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(dataset: str, name: str, message: str) -> None:
    with pytest.raises(TunerError) as refused:
        begin(dataset, known_as=name)
    assert str(refused.value).startswith(message)
