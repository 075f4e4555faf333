"""The tags of a sweep's run in MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tuner.core import own_code
from tuner.core.config import SweepConfig
from tuner.core.grow_request import GROWING
from tuner.core.machine import describe_machine, package_versions
from tuner.core.several_models import models_in
from tuner.search.start_points import START
from tuner.tracking.run_status import IDENTITY_TAG

_CONFIG_TAG = "tuner.config"


def tags_of(config: SweepConfig) -> dict[str, str]:
    """Tags of the sweep's run: its configuration, the versions of its software, and the machine."""
    return {
        "mlflow.source.name": f"tuner sweep {_typed(config)}",
        "mlflow.source.type": "LOCAL",
        "tuner.dataset": own_code.place_of(config.dataset),
        "tuner.model": config.model_name,
        _CONFIG_TAG: _config_text(config),
        "tuner.versions": json.dumps(package_versions()),
        "tuner.machine": json.dumps(describe_machine()),
        **_goal_tags(config),
        **code_tags(config, *models_in(config.model)),
        **identity_tags(config),
    }


def _typed(config: SweepConfig) -> str:
    return str(config.program["shown"]) if config.program else " ".join(config.typed)


def _goal_tags(config: SweepConfig) -> dict[str, str]:
    tags = {"tuner.objective": config.objective, "tuner.constraint": config.constraint}
    return {name: value for name, value in tags.items() if value}


def code_tags(config: SweepConfig, *models: str) -> dict[str, str]:
    """The digests of a user's own code of the data and of these models; none where all is from the catalog."""
    found = " ".join(digest for model in models if (digest := own_code.digest_of(model)))
    digests = {"dataset": own_code.digest_of(config.dataset), "model": found}
    return {f"tuner.{part}_code": digest for part, digest in digests.items() if digest}


def grown_tags(config: SweepConfig, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a sweep's run that must change because the sweep has grown since; none when it has not."""
    known = config_in(tags)
    now = json.loads(_config_text(config))
    if not known or all(known.get(name) == now.get(name) for name in GROWING):
        return {}
    return {_CONFIG_TAG: json.dumps(now)}


def config_tag(config: SweepConfig) -> tuple[str, str]:
    """The tag with the configuration."""
    return _CONFIG_TAG, _config_text(config)


def _config_text(config: SweepConfig) -> str:
    """The configuration of now without its start points: of many, MLflow would cut the tag. The trials have them."""
    known = {name: value for name, value in asdict(config).items() if name not in ("earlier", "warm")}
    known["space"] = {key: value for key, value in config.space.items() if key != START}
    return json.dumps(known)


def config_in(tags: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the SweepConfig in the tags of a sweep's run, of any version; empty when they cannot be read."""
    try:
        found = json.loads(tags.get(_CONFIG_TAG, ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def identity_tags(config: SweepConfig) -> dict[str, str]:
    """What the pair of a user's own data is known by; none for a dataset of the catalog."""
    identity = config.data_identity
    if identity is None:
        return {}
    return {"tuner.pair_data": identity.fingerprint, IDENTITY_TAG: json.dumps(asdict(identity))}
