"""A request as it would be typed: the cluster is handed a command."""

from __future__ import annotations

from tuner.plan import Request

OPTIONS = (
    *("trials", "seed", "max_epochs", "concurrency", "cpus_per_trial", "gpus_per_trial", "workers_per_node"),
    *("name", "limit", "space", "target", "storage", "max_failures", "max_failure_rate", "oom", "weights"),
)


def typed(command: str, request: Request, *, as_json: bool) -> list[str]:
    """The words after `tuner`."""
    words = [command, request.dataset, request.model]
    for option in OPTIONS:
        value = getattr(request, option)
        if value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    for option in ("time_budget", "trial_timeout"):
        seconds = getattr(request, option)
        if seconds is not None:
            words += [f"--{option.replace('_', '-')}", f"{seconds}s"]
    for override in request.overrides:
        words += ["--set", override]
    return [*words, "--json"] if as_json else words
