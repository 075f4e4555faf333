"""Where the page's server runs, and what runs beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the command has decided."""

    home: Path
    token: str
    host: str = "127.0.0.1"
    mlflow: str = ""
    """The address of MLflow's UI; empty where it does not run."""
    optuna: bool = False
    """Whether optuna-dashboard is offered."""
    optuna_note: str = ""
    """Why it is not; empty where it is, or was not asked for."""
    cluster: str = ""
    """The address of the cluster whose sweeps these are; empty for sweeps of this machine."""

    def to_json(self) -> dict[str, Any]:
        """For the page: all but the token."""
        shown = ("mlflow", "optuna", "optuna_note", "cluster")
        return {
            "home": self.cluster or str(self.home),
            "folder": str(Path.cwd()),
            **{name: getattr(self, name) for name in shown},
        }
