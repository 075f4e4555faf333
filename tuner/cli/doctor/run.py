"""`tuner doctor`: what sweeps need, each thing in a line that is good or says its mend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console

from tuner.cli.doctor import machine, services
from tuner.cli.doctor.finding import Finding
from tuner.core.errors import TunerError, one_line

Check = Callable[[], Iterator[Finding]]


def run(address: str | None, *, as_json: bool, out: Console) -> int:
    """Prints what is found, as it is found. Returns the exit status: 1 when something is to be mended."""
    findings = []
    for finding in examine(address):
        findings.append(finding)
        if not as_json:
            _print(finding, out)
    if as_json:
        out.print_json(json.dumps([finding.to_json() for finding in findings]))
    return 0 if all(finding.good for finding in findings) else 1


def examine(address: str | None) -> Iterator[Finding]:
    """All findings; `address` is that of a cluster, if the command line names one."""
    checks: dict[str, Check] = {
        "Python": machine.python,
        "packages": machine.packages,
        "Ray": machine.ray,
        "torch": machine.torch,
        "GPU": machine.gpus,
        "CPU": machine.cpus,
        "disks": machine.disks,
        "data sets": machine.datasets,
        "MLflow": services.mlflow,
        "token": services.token,
        "cluster": partial(services.cluster, address),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except TunerError as error:
            yield Finding(name=name, text=str(error), mend="correct that")
        except Exception as error:  # what is broken may break other checks: all are made all the same
            text = f"{type(error).__name__}: {one_line(error)}"
            yield Finding(name=name, text=text, mend="mend the other lines first")


def _print(finding: Finding, out: Console) -> None:
    verdict = "[green]good[/green]" if finding.good else "[bold red]mend[/bold red]"
    out.print(f"{finding.name:<12}{verdict}  ", end="")
    out.print(finding.text, markup=False, end="" if finding.mend else "\n")
    if finding.mend:
        out.print(f"  ->  {finding.mend}", markup=False)
