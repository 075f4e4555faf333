"""The data that a saved model was made of, read again: to check it, to calibrate it, to compare it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from tuner.core.config import CONFIG_FILE, SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import is_file
from tuner.core.sweep_folder import sweeps_in
from tuner.data.spec import Splits
from tuner.sweeps.champion_alias import data_at_hand
from tuner.tracking.store import Store


def splits_of_model(folder: Path, home: Path) -> Splits:
    """The data of the sweep whose model is in `folder`, as of `find_model`.

    Raises:
        TunerError: it is not known which sweep that was, or its data is gone or has changed.
    """
    config = _config_of(folder, home)
    if config is None:
        raise TunerError(f"it is not known which sweep made the model in {folder}")
    return data_at_hand(config)


def _config_of(folder: Path, home: Path) -> SweepConfig | None:
    own = next((parent for parent in folder.parents if is_file(parent / CONFIG_FILE)), None)
    if own is not None:
        return SweepConfig.load(own)
    from tuner.tracking.model_origin import origin  # noqa: PLC0415 - MLflow is slow to import

    found = origin(Store.of(home).uri, folder)
    here = next((config for _, config in sweeps_in(home) if config.uid and config.uid == found.get("uid")), None)
    if here is not None or not found:
        return here
    known = {each.name for each in fields(SweepConfig)}
    needed = {each.name for each in fields(SweepConfig) if each.default is MISSING and each.default_factory is MISSING}
    if needed - {"earlier"} - set(found):
        return None
    return SweepConfig(**{name: value for name, value in found.items() if name in known})
