"""The relations of a search space: which it has, whether they name its parameters, and whether a point fulfills all."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from tuner.core.errors import TunerError, unknown
from tuner.core.metric import METRICS
from tuner.core.records import Value
from tuner.search.finite import points_of
from tuner.search.relations import OPTION, Relation, parse_relation
from tuner.search.space import AtRandom, SearchSpace

CONSTRAIN = "constrain"  # the key in the file of a search space
MOST_DRAWS = 10_000  # random points among which one must fulfill all relations


def with_relations(raw: Mapping[str, Any], texts: Iterable[str]) -> dict[str, Any]:
    """A parsed space with those of `--constrain`, too. Each is kept once."""
    known = raw.get(CONSTRAIN, [])
    texts = [*(known if isinstance(known, list) else [known]), *(" ".join(text.split()) for text in texts)]
    return {**raw, CONSTRAIN: list(dict.fromkeys(texts))} if texts else dict(raw)


def relations_in(raw: Any, space: SearchSpace, source: str) -> tuple[Relation, ...]:
    """Those of a parsed file. Raises TunerError with the file `source`, the place in the list and the reason."""
    if not isinstance(raw, list) or not all(isinstance(text, str) for text in raw):
        raise TunerError(f'{source}: {CONSTRAIN}: must be a list of texts, such as ["batch_size * width <= 4096"]')
    return tuple(relation_in(text, space, f"{source}: {CONSTRAIN}[{place}]") for place, text in enumerate(raw))


def check_options(texts: Iterable[str], space: SearchSpace) -> None:
    """Raises TunerError for a text of `--constrain` that is no relation between parameters of the space."""
    for text in texts:
        relation_in(text, space, f"{OPTION} '{text}'")


def relation_in(text: str, space: SearchSpace, where: str) -> Relation:
    """A relation between parameters of the space. `where` begins a message."""
    try:
        relation = parse_relation(text)
        for name in relation.names:
            _check_name(name, space, text)
    except TunerError as error:
        raise TunerError(f"{where}: {error}") from None
    return relation


def _check_name(name: str, space: SearchSpace, text: str) -> None:
    known = {each.name for each in space.parameters} | {each.key for each in space.parameters}
    if name in known:
        return
    if name in METRICS:
        raise TunerError(
            f"{name} is a metric of a trained model, and no hyperparameter: "
            f'--constraint bounds metrics, such as --constraint "{"".join(text.split())}"'
        )
    raise unknown("parameter of the search space", name, known)


def check_possible(space: SearchSpace, source: str) -> None:
    """Raises TunerError where no point fulfills all relations, or one of them cannot be worked out at a point."""
    if not space.relations:
        return
    for relation in space.relations:
        alone = replace(space, relations=(relation,))
        if not any(_holds(relation, point, source) for point in _some_points(alone)):
            raise TunerError(f"{source}: no point fulfills {_shown(relation)}{_looked(space)}")
    if not any(all(each.holds(point) for each in space.relations) for point in _some_points(space)):
        together = " and ".join(map(_shown, space.relations))
        raise TunerError(f"{source}: no point fulfills {together} together{_looked(space)}")


def _holds(relation: Relation, point: Mapping[str, Value], source: str) -> bool:
    try:
        return relation.holds(point)
    except TunerError as error:
        raise TunerError(f"{source}: {_shown(relation)}: {error}") from None


def _some_points(space: SearchSpace) -> Iterator[Mapping[str, Value]]:
    """All points, or random ones."""
    listed = points_of(replace(space, relations=()))
    if listed is not None:
        return iter(listed)
    rng = random.Random(0)
    return islice((space(AtRandom(rng)) for _ in iter(int, 1)), MOST_DRAWS)


def _looked(space: SearchSpace) -> str:
    return (
        "" if points_of(replace(space, relations=())) is not None else f" ({MOST_DRAWS:,} random ones were looked at)"
    )


def _shown(relation: Relation) -> str:
    return f"'{relation}'"
