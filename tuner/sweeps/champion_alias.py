"""Gives the alias `champion` of a pair to the model that the rule of `champion` chooses, and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError, one_line
from tuner.core.outcome import RegisteredModel
from tuner.core.validation import Validation
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.sweeps.champion import ByHand, Contender, choose
from tuner.sweeps.champion_text import Decision, explain_decision
from tuner.tracking.retry import is_mlflow_error
from tuner.tracking.run_tags import config_in
from tuner.tracking.score_tags import DATA_TAG, scores_in
from tuner.tracking.versions import CHAMPION, MissingModelError, Version, Versions
from tuner.training.model_description import DESCRIPTION_FILE
from tuner.training.validation import UnfitError, score_validation

LoadSplits = Callable[[], Splits]


def data_at_hand(config: SweepConfig) -> Splits:
    """The data of a sweep that finished earlier. Raises TunerError when it is gone or has changed."""
    splits = Source.of(config).load(config.limit)
    if config.data not in (None, splits.fingerprint()):
        raise TunerError(f"the data of {config.name} has changed since")
    return splits


def deciding_split(versions: Sequence[Version]) -> str:
    """The fingerprint of the validation split that decides: that of the newest version. Empty when none is known."""
    known = [version.tags[DATA_TAG] for version in versions if DATA_TAG in version.tags]
    return known[-1] if known else ""


def contender(version: Version, split: str) -> Contender:
    """A version as the rule sees it."""
    hand = version.by_hand
    return Contender(
        name=f"version {version.number}",
        order=version.number,
        score=scores_in(version.tags).get(split),
        by_hand=ByHand(before=hand[0], keep=hand[1]) if hand else None,
    )


def crown(versions: Versions, uid: str, data: str | None, load: LoadSplits) -> RegisteredModel:
    """Moves the alias to the best version, if another one has it.

    It checks again after a move, since another sweep may have moved it meanwhile: the last to move sees all versions.

    Args:
        versions: of the pair.
        uid: of the sweep whose version is new.
        data: the fingerprint of its data, see SweepConfig.
        load: reads its data; raises TunerError when it is not at hand.
    """
    scorer = _Scorer(versions, data, load)
    before, moved = versions.champion(), False
    while True:
        every = versions.all()
        own = [version for version in every if version.uid == uid][-1]  # a sweep that has grown may have several
        split, holder = deciding_split(every), versions.champion()
        contenders = {version.number: contender(version, split) for version in every}
        overtaken = own.tags.get(DATA_TAG) != split  # a newer version is of other data, and its sweep decides
        if moved and overtaken and holder == own.number:
            holder = None
        for number in {before, holder} - {None}:
            if number in contenders and contenders[number].score is None and not overtaken:
                contenders[number] = scorer.score(contenders[number], every)
        best = choose(list(contenders.values()), None if holder is None else f"version {holder}")
        if best is None or best.order == versions.champion():
            break
        versions.set_champion(int(best.order))
        moved = True
    decision = Decision(
        pair=versions.model,
        own=contenders[own.number],
        best=best,
        before=None if before is None else contenders.get(before),
        alone=len(every) == 1,
        new_data=before in scorer.rescored,
        trouble=scorer.trouble,
    )
    champion = best is not None and best.order == own.number
    uri = f"models:/{versions.model}@{CHAMPION}" if champion else f"models:/{versions.model}/{own.number}"
    return RegisteredModel(uri=uri, champion=champion, note=explain_decision(decision))


@dataclass
class _Scorer:
    """Scores earlier versions on the validation split of a new sweep, each once."""

    versions: Versions
    data: str | None
    load: LoadSplits
    rescored: dict[int, Contender] = field(default_factory=dict)
    trouble: str = ""
    """Why one could not be scored, and is not known to be unfit."""

    def score(self, old: Contender, every: Sequence[Version]) -> Contender:
        """The contender with its score, or why it can have none; as it was when it could not be scored now."""
        number = int(old.order)
        if number not in self.rescored:
            version = next(each for each in every if each.number == number)
            try:
                score = self._score(version)
                self.versions.note_score(number, score)
                self.rescored[number] = replace(old, score=score)
            except (UnfitError, MissingModelError) as error:
                self.rescored[number] = replace(old, unfit=str(error))
            except Exception as error:
                if is_mlflow_error(error):  # it is tried again, now or by `tuner sync`
                    raise
                self.trouble = one_line(error)
                self.rescored[number] = old
        return self.rescored[number]

    def _score(self, version: Version) -> Validation:
        splits = self.load()
        config = config_in(self.versions.tags_of_run(version))
        trained_on, trials = config.get("data"), config.get("trials")
        seen = not isinstance(trained_on, str) or trained_on != self.data
        chosen_of = max(1, trials) if isinstance(trials, int) else 1
        with TemporaryDirectory() as scratch:
            found = sorted(self.versions.download(version, Path(scratch)).rglob(DESCRIPTION_FILE))
            if not found:
                raise MissingModelError("is no model of tuner")
            return score_validation(found[0].parent, splits, seen=seen, chosen_of=chosen_of)
