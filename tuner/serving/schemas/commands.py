"""Which JSON each command prints: the forms of its command line, and the type of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from tuner.core.errors import unknown
from tuner.serving.schemas import comparisons, derived, models, outcomes, store, sweeps

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, kw_only=True)
class Form:
    """A way to type a command with --json."""

    words: str
    """What is typed, without `--json`."""
    shape: Any
    """The type of what is printed."""
    text: str = ""
    """What else there is to say."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what is printed."""
        found = TypeAdapter(self.shape).json_schema(by_alias=True)
        described = " ".join(filter(None, (self.text, found.get("description"))))
        return {"title": f"tuner {self.words} --json", **({"description": described} if described else {})} | {
            key: value for key, value in found.items() if key not in ("title", "description")
        }


_HANDED_OVER = (
    Form(words="{} --detach", shape=outcomes.Begun, text="It runs in the background."),
    Form(words="{} --address URL", shape=outcomes.Submitted, text="A cluster runs it; with --attach it is as here."),
)


def _running(name: str, *handed_over: Form) -> tuple[Form, ...]:
    others = (Form(words=each.words.format(name), shape=each.shape, text=each.text) for each in handed_over)
    return (Form(words=name, shape=outcomes.Outcome), *others)


_SLURM = Form(words="{} --slurm OPTIONS", shape=outcomes.Queued, text="Slurm has it.")
_DRY = Form(words="{} --dry-run", shape=derived.DryRun, text="Nothing is started.")
FORMS: dict[str, tuple[Form, ...]] = {
    "sweep": _running("sweep DATASET MODEL", *_HANDED_OVER, _SLURM, _DRY),
    "train": _running("train DATASET MODEL", _HANDED_OVER[0]),
    "resume": _running("resume NAME", *_HANDED_OVER),
    "confirm": _running("confirm NAME", *_HANDED_OVER),
    "list": (
        Form(words="list", shape=models.Choices),
        Form(words="list --sweeps", shape=list[sweeps.SweepRow], text="The oldest sweep first."),
    ),
    "status": (
        Form(words="status NAME", shape=sweeps.StatusWithDisk),
        Form(words="status", shape=list[sweeps.Status], text="All sweeps, the oldest first."),
        Form(words="status NAME --watch", shape=sweeps.Status, text="A line each half second, until it stops."),
        Form(words="status --watch", shape=list[sweeps.Status], text="A line for each change, until none runs."),
    ),
    "logs": (Form(words="logs NAME", shape=list[sweeps.LogRow], text="A row for each trial and epoch."),),
    "best": (Form(words="best NAME", shape=sweeps.Best),),
    "predict": (
        Form(
            words="predict MODEL FILE",
            shape=list[models.ClassPrediction] | list[models.NumberPrediction],
            text="An answer for each sample, in the order of the files.",
        ),
    ),
    "show": (
        Form(words="show DATASET", shape=models.Shown),
        Form(words="show DATASET MODEL", shape=models.Shown),
    ),
    "report": (Form(words="report NAME", shape=models.Report),),
    "compare": (
        Form(words="compare", shape=comparisons.Comparison),
        Form(words="compare PAIR", shape=comparisons.SideBySide),
    ),
    "ensemble": (Form(words="ensemble NAME", shape=derived.Ensemble),),
    "export": (Form(words="export MODEL", shape=derived.Exported),),
    "sync": (Form(words="sync", shape=list[store.Synced]),),
    "promote": (Form(words="promote MODEL/VERSION", shape=store.Promoted),),
    "rename": (Form(words="rename NAME NEW", shape=store.Renamed),),
    "rm": (Form(words="rm NAME --yes", shape=list[store.Removed]),),
    "du": (Form(words="du", shape=store.DiskUse),),
    "doctor": (Form(words="doctor", shape=list[store.Finding]),),
}
"""The forms of each command that has `--json`."""


def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema of what a command prints with --json. With several forms it is one of theirs.

    Raises:
        TunerError: there is no such command, or it has no --json.
    """
    if command not in FORMS:
        raise unknown("command with --json", command, FORMS)
    found = [form.schema() for form in FORMS[command]]
    if len(found) == 1:
        return {"$schema": DIALECT, **found[0]}
    types = {name: shape for each in found for name, shape in each.pop("$defs", {}).items()}
    return {"$schema": DIALECT, "title": f"tuner {command} --json", "anyOf": found, "$defs": types}
