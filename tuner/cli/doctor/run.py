"""`tuner doctor`: checks what sweeps need. Each finding is a line that says good, or how to fix the problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console

from tuner.cli.console import print_json
from tuner.cli.doctor import machine, services
from tuner.cli.doctor.finding import Finding
from tuner.core.errors import TunerError, one_line

Check = Callable[[], Iterator[Finding]]


def run(address: str | None, *, as_json: bool, out: Console) -> int:
    """Prints each finding at once. Returns the exit status: 1 if something needs to be fixed."""
    findings = []
    for finding in examine(address):
        findings.append(finding)
        if not as_json:
            _print(finding, out)
    if as_json:
        print_json([finding.to_json() for finding in findings], out)
    return 0 if all(finding.good for finding in findings) else 1


def examine(address: str | None) -> Iterator[Finding]:
    """All findings; `address` is the cluster's, if the command line gives one."""
    checks: dict[str, Check] = {
        "Python": machine.python,
        "packages": machine.packages,
        "Ray": machine.ray,
        "torch": machine.torch,
        "GPU": machine.gpus,
        "CPU": machine.cpus,
        "disks": machine.disks,
        "warm starts": machine.warm_starts,
        "data sets": machine.datasets,
        "MLflow": services.mlflow,
        "token": services.token,
        "cluster": partial(services.cluster, address),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except TunerError as error:
            yield Finding(name=name, text=str(error), mend="correct this")
        except Exception as error:  # one broken part may break other checks; all are run anyway
            text = f"{type(error).__name__}: {one_line(error)}"
            yield Finding(name=name, text=text, mend="fix the other findings first")


def _print(finding: Finding, out: Console) -> None:
    verdict = "[green]good[/green]" if finding.good else "[bold red]fix [/bold red]"
    out.print(f"{finding.name:<12}{verdict}  ", end="")
    out.print(finding.text, markup=False, end="" if finding.mend else "\n")
    if finding.mend:
        out.print(f"  ->  {finding.mend}", markup=False)
