"""tuner: distributed hyperparameter tuning of PyTorch models with one line.

The names of the Python API, see docs/python.md, are loaded when they are asked for: `import tuner` costs nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # that of typing, which a file of the user's may hide: see _entry
if TYPE_CHECKING:
    from typing import Any

    from tuner.core.errors import SweepError as SweepError
    from tuner.core.errors import TunerError as TunerError
    from tuner.python.calls import sweep as sweep
    from tuner.python.calls import train as train
    from tuner.python.handle import Sweep as Sweep
    from tuner.python.model import Model as Model
    from tuner.python.model import load_model as load_model
    from tuner.python.result import Best as Best
    from tuner.python.result import Result as Result
    from tuner.python.result import Score as Score
    from tuner.training.own_trial import Trial as Trial
    from tuner.training.own_trial import TrialEnded as TrialEnded

__version__ = "0.1.0"
_PLACES = {
    "Best": "python.result",
    "Model": "python.model",
    "Result": "python.result",
    "Score": "python.result",
    "Sweep": "python.handle",
    "SweepError": "core.errors",
    "Trial": "training.own_trial",
    "TrialEnded": "training.own_trial",
    "TunerError": "core.errors",
    "load_model": "python.model",
    "sweep": "python.calls",
    "train": "python.calls",
}
__all__ = [  # noqa: PLE0604 - strings, from the table above
    "__version__",
    *_PLACES,
]


def __getattr__(name: str) -> Any:
    """A name of the API, imported now."""
    if name not in _PLACES:
        raise AttributeError(f"module 'tuner' has no attribute '{name}'")
    return getattr(import_module(f"tuner.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
