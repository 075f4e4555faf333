"""Keeps two folders or tables of one name apart: a pair of a user's own data is known by its path and its classes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tuner.core import own_code
from tuner.core.callback import Callback
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError, printable
from tuner.core.files import digest, slug
from tuner.core.identity import DataIdentity
from tuner.core.library_names import is_library_name
from tuner.core.several_models import own_names
from tuner.core.sweep_folder import UPLOADS_FOLDER, SweepFolder, sweeps_in
from tuner.core.target_kind import NUMBERS
from tuner.data.spec import Splits, fingerprint
from tuner.tracking.retry import is_mlflow_error
from tuner.tracking.store import Store
from tuner.training.model_description import ModelDescription

_SENT = "sent:"  # in place of the path of data that was sent to a cluster, where each content has a folder of its own


@dataclass(frozen=True, kw_only=True)
class Known:
    """Data that the name stands for already."""

    by: str
    """The sweep or version that tells."""
    identity: DataIdentity
    """Without what is not known: sweeps of earlier versions have no digests."""
    data: str | None = None
    """See SweepConfig."""


def identify(config: SweepConfig, splits: Splits, home: Path) -> SweepConfig:
    """The configuration with the identity of its data, if that is a user's own."""
    if ":" not in config.dataset:
        return config
    content = digest(fingerprint(splits.test), fingerprint(splits.whole_validation))
    identity = DataIdentity.of(_place(config.dataset, home), config.target, splits.spec.classes, content)
    return replace(config, identity=asdict(identity))


def check_data_name(config: SweepConfig, store: Store, home: Path, events: Callback) -> None:
    """Tells when the name of the sweep's data has stood for other data.

    The same samples at another place are the same data. A name given by `--as` may go on with data of other classes
    at the same place, or of the same classes at another place: its user has named it.

    Raises:
        TunerError: the name belongs to other data.
    """
    own = config.data_identity
    if own is None:
        return
    known = [*_in_home(config.dataset_name, home), *_in_registry(config, store, home, events)]
    fitting = [each for each in known if _same_place(each.identity, own) and _same_classes(each.identity, own)]
    if not known or known[-1] in fitting:
        return
    last = known[-1]
    if fitting:  # both are under this name, from a version that did not tell them apart
        events.on_note(f"{config.dataset_name} is also the name of {_words(last)}: --as NAME keeps the two apart")
    elif _same_classes(last.identity, own) and _same_samples(last, config, own):
        events.on_note(
            f"{config.dataset_name}: {last.by} had the same samples at {_where(last.identity)}: it is the same pair",
            warning=False,
        )
    elif config.known_as and (_same_place(last.identity, own) or _same_classes(last.identity, own)):
        events.on_note(f"{config.dataset_name} was the name of {_words(last)}; now it is {_own_words(own)}")
    else:
        raise TunerError(_clash(config, own, last))


def check_sweep_is_no_pair(name: str, config: SweepConfig, home: Path) -> None:
    """Raises TunerError when a sweep would have the name of a pair that a user has named, by `--as` or by a file."""
    named = {each.pair for _, each in sweeps_in(home) if each.known_as or each.program or _has_own_code(each)}
    if name == config.pair or name in named:
        raise TunerError(f"--name '{name}': that is the name of a pair's registered model: choose another")


def _has_own_code(config: SweepConfig) -> bool:
    return own_code.is_own(config.dataset) or bool(own_names(config.model))


def _place(dataset: str, home: Path) -> str:
    """FORMAT:PATH with all links followed. Where an upload came from stands for the path of its copy here."""
    if is_library_name("datasets", dataset):
        return dataset
    form, _, path = own_code.place_of(dataset).partition(":")
    real, uploads = os.path.realpath(path), os.path.realpath(home / UPLOADS_FOLDER)
    if Path(real).is_relative_to(uploads):
        return f"{form}:{_SENT}{'/'.join(Path(real).relative_to(uploads).parts[1:])}"
    return f"{form}:{real}"


def _in_home(name: str, home: Path) -> Iterator[Known]:
    """What the sweeps in this folder say of the name, oldest first."""
    for _, config in sweeps_in(home):
        if ":" in config.dataset and config.dataset_name == name:
            identity = config.data_identity or _earlier_identity(config, home)
            yield Known(by=config.name, identity=identity, data=config.data)


def _in_registry(config: SweepConfig, store: Store, home: Path, events: Callback) -> Iterable[Known]:
    """What the registered models say of the name, when the folder does not tell: it may be new, or one of many."""
    if store.embedded and (not (home / "mlflow.db").exists() or any(_in_home(config.dataset_name, home))):
        return ()
    from tuner.tracking.versions import identities  # noqa: PLC0415 - MLflow takes seconds to import

    try:
        return [
            Known(by=f"version {version.number} of {version.model}", identity=identity)
            for version, identity in identities(store.uri, config.dataset_name)
        ]
    except Exception as error:
        if not is_mlflow_error(error):
            raise
        events.on_note("MLflow did not answer whether the name of the data has stood for other data")
        return ()


def _earlier_identity(config: SweepConfig, home: Path) -> DataIdentity:
    """What a sweep of an earlier version tells: where its data was, and once it has a model the classes."""
    classes: tuple[str, ...] = ()
    with suppress(TunerError):
        classes = ModelDescription.load(SweepFolder(home / config.name).model).data.classes
    found = DataIdentity.of(_place(config.dataset, home), config.target, classes, "")
    return found if classes else replace(found, classes_digest="")


def _same_place(one: DataIdentity, other: DataIdentity) -> bool:
    """Whether both are from one path. Earlier versions did not keep the path of what was sent to a cluster."""
    form, _, path = one.place.partition(f":{_SENT}")
    unknown = bool(path) and "/" not in path and other.place.startswith(f"{form}:{_SENT}")
    return one.place == other.place or (unknown and other.place.endswith(f"/{path}"))


def _same_classes(one: DataIdentity, other: DataIdentity) -> bool:
    return not one.classes_digest or one.classes_digest == other.classes_digest


def _same_samples(known: Known, config: SweepConfig, own: DataIdentity) -> bool:
    return known.identity.content == own.content or (known.data is not None and known.data == config.data)


def _clash(config: SweepConfig, own: DataIdentity, last: Known) -> str:
    name, suggested = config.dataset_name, _suggest(config.dataset, config.dataset_name)
    line = f"the name {name} belongs to {_words(last)}, and this is {_own_words(own)}: "
    if not config.known_as and _same_place(last.identity, own):
        return f"{line}give it a name of its own, such as --as {suggested}, or keep the name by --as {name}"
    return f"{line}give it a name of its own, such as --as {suggested}"


def _words(known: Known) -> str:
    return f"{_where(known.identity)}{_predicted(known.identity)} ({known.by})"


def _own_words(own: DataIdentity) -> str:
    return f"{_where(own)}{_predicted(own)}"


def _predicted(identity: DataIdentity) -> str:
    if identity.classes_digest == NUMBERS.task:
        return ", a number to predict"
    return f" with the classes {printable(identity.classes)}" if identity.classes else ""


def _where(identity: DataIdentity) -> str:
    form, _, path = identity.place.partition(":")
    if path.startswith(_SENT):
        return f"{form}:{path.rpartition('/')[2].removeprefix(_SENT)} as sent from {_origin(path)}"
    return printable(identity.place)


def _origin(path: str) -> str:
    origin = path.removeprefix(_SENT).rpartition("/")[0]
    return f"the path {origin}" if origin else "another machine"


def _suggest(dataset: str, taken: str) -> str:
    """A name by the folder that the data is in: `other_photos` for other/photos."""
    path = Path(own_code.place_of(dataset).partition(":")[2])
    own = slug(path.stem if path.suffix else path.name)
    parts: Sequence[str] = (slug(path.parent.name), own) if path.parent.name else (own, "2")
    found = "_".join(parts)[:60]
    return found if found != taken else f"{found[:58]}_2"
