"""The report of a sweep: figures (PNG) and a page (HTML), made from the sweep's folder alone, at any time.

A part that has nothing to show, or that fails, is replaced by a note, and the other parts are still made.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tuner.core.earlier import epochs_of
from tuner.core.errors import one_line
from tuner.core.files import write_atomic
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import REPORT_PAGE, SweepFolder
from tuner.core.target_kind import CLASSES, NUMBERS
from tuner.report.class_scores import ClassificationReport, classification, confusion, roc_curves
from tuner.report.figures import save
from tuner.report.figures_confirm import draw_confirmation
from tuner.report.figures_front import draw_front
from tuner.report.figures_importance import draw_importance, draw_slices
from tuner.report.figures_metrics import draw_metrics
from tuner.report.figures_models import draw_models
from tuner.report.figures_numbers import draw_predicted, draw_residuals
from tuner.report.figures_samples import draw_samples
from tuner.report.figures_scores import draw_classification, draw_confusion, draw_roc
from tuner.report.figures_search import draw_curves, draw_history, draw_learning, draw_parallel
from tuner.report.findings import Findings
from tuner.report.front_series import front_series
from tuner.report.model_series import model_series
from tuner.report.not_shown import NotShown
from tuner.report.number_errors import number_errors
from tuner.report.page import Section, render_page
from tuner.report.page_confirm import confirmation_block
from tuner.report.page_finalists import finalists_block
from tuner.report.page_front import front_block
from tuner.report.page_gain import gain_block
from tuner.report.page_heading import footer, heading
from tuner.report.page_importance import importance_block, slices_block
from tuner.report.page_metrics import metrics_block
from tuner.report.page_models import models_block
from tuner.report.page_numbers import predicted_block, residuals_block
from tuner.report.page_optuna import optuna_block
from tuner.report.page_samples import samples_block
from tuner.report.page_schedule import schedule_block
from tuner.report.page_scores import classification_block, confusion_block, roc_block
from tuner.report.page_search import curves_block, history_block, learning_block, parallel_block
from tuner.report.page_trials import advice_block, trials_block
from tuner.report.part import Part
from tuner.report.search_series import parallel_coordinates
from tuner.report.slices import slices
from tuner.report.suggestions import suggest
from tuner.search.population import schedule
from tuner.search.schedulers import account_of, make_scheduler
from tuner.search.space_file import space_of

CLASSIFICATION_FILE = "classification.json"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The files of a report, and the parts that are missing."""

    folder: Path
    files: tuple[str, ...]
    """Names in the folder."""
    missing: dict[str, str]
    """Parts with nothing to show, and why."""
    failed: dict[str, str]
    """Parts that could not be made, and the error."""

    @property
    def page(self) -> Path:
        """The HTML file."""
        return self.folder / REPORT_PAGE

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        files = [str(self.folder / name) for name in self.files]
        return {"page": str(self.page), "files": files, "missing": self.missing, "failed": self.failed}


def _curves(findings: Findings) -> tuple[TrialRecord, int]:
    return findings.best, findings.saved_epoch


def _confusion(findings: Findings) -> tuple[Any, ...]:
    winner = findings.winner
    return confusion(winner.of_classes), winner.spec.classes


def _roc(findings: Findings) -> tuple[Any, ...]:
    return (roc_curves(findings.winner.of_classes, findings.winner.spec.classes),)


def _classification(findings: Findings) -> tuple[ClassificationReport]:
    return (classification(findings.winner.of_classes, findings.winner.spec.classes),)


def _numbers(findings: Findings) -> tuple[Any, ...]:
    return (number_errors(findings.winner),)


def _slices(findings: Findings) -> tuple[Any, ...]:
    records, config = findings.compared
    return slices(records, space_of(findings.config), config.epochs, make_scheduler(config).rungs())


def _parallel(findings: Findings) -> tuple[Any, ...]:
    return (parallel_coordinates(findings.fitting, space_of(findings.config)),)


def _learning(findings: Findings) -> tuple[Any, ...]:
    account = account_of(findings.config, findings.records)
    return findings.scored, findings.best, findings.scheduler, findings.config.epochs, account


def _schedule(findings: Findings) -> tuple[Any, ...]:
    steps = schedule(findings.records, findings.best.number)
    if len(steps) < 2:
        raise NotShown("the best trial took over nothing")
    return steps, findings.best.epoch


def _models(findings: Findings) -> tuple[Any, ...]:
    samples = (findings.result or {}).get("best", {}).get("val_samples")
    return model_series(findings), samples, findings.config.default, findings.config.passes


PARTS = (
    Part("models", "What each model got and gave", _models, models_block, draw_models, optional=True),
    Part("trials", "Trials", lambda f: (f.tried, partial(epochs_of, f.config)), trials_block, of_search=True),
    Part("advice", "What to try next", suggest, advice_block, of_model=True),
    Part("front", "Pareto front", lambda f: (front_series(f.records),), front_block, draw_front, optional=True),
    Part("curves", "Training and validation of the best trial", _curves, curves_block, draw_curves, of_model=True),
    Part("metrics", "What the best trial reported", _curves, metrics_block, draw_metrics, of_code=True),
    Part("schedule", "How the best trial's parameters changed", _schedule, schedule_block, optional=True),
    Part("finalists", "The finalists", lambda f: (f.finalists,), finalists_block, optional=True),
    Part(
        "confirm",
        "The best trial, trained again",
        lambda f: (f.confirmed,),
        confirmation_block,
        draw_confirmation,
        optional=True,
    ),
    Part("confusion", "Confusion matrix", _confusion, confusion_block, draw_confusion, of_model=True, kind=CLASSES),
    Part("roc", "ROC curves", _roc, roc_block, draw_roc, of_model=True, kind=CLASSES),
    Part("predicted", "Predicted against true", _numbers, predicted_block, draw_predicted, of_model=True, kind=NUMBERS),
    Part("residuals", "Errors", _numbers, residuals_block, draw_residuals, of_model=True, kind=NUMBERS),
    Part(
        "classification",
        "Classification report",
        _classification,
        classification_block,
        draw_classification,
        of_model=True,
        kind=CLASSES,
    ),
    Part("samples", "Sample predictions", lambda f: (f.winner,), samples_block, draw_samples, of_model=True),
    Part("history", "Optimization history", lambda f: (f.scored,), history_block, draw_history, of_search=True),
    Part(
        "importance",
        "Parameter importance",
        lambda f: (f.importance,),
        importance_block,
        draw_importance,
        of_search=True,
    ),
    Part(
        "optuna-importance",
        "Parameter importance by fANOVA and PED-ANOVA",
        lambda f: (f.optuna_importance,),
        optuna_block,
        of_search=True,
        optional=True,
    ),
    Part(
        "gain",
        "What carries the gain over the default",
        lambda f: (f.gain_steps,),
        gain_block,
        of_search=True,
        optional=True,
    ),
    Part("slices", "Score over each parameter", _slices, slices_block, draw_slices, of_search=True),
    Part("parallel", "Parallel coordinates", _parallel, parallel_block, draw_parallel, of_search=True),
    Part("learning", "Learning curves of all trials", _learning, learning_block, draw_learning, of_search=True),
)


def make_report(sweep: Path, live: Collection[int] = ()) -> Report:
    """Makes the report of the sweep in this folder, in place of an earlier one. Workers have the trials `live`.

    Raises:
        TunerError: the sweep's configuration is damaged.
    """
    return write_report(Findings.read(sweep, live), SweepFolder(sweep).report)


def write_report(findings: Findings, folder: Path) -> Report:
    """Writes the report of a sweep into `folder`."""
    files: list[str] = []
    missing: dict[str, str] = {}
    failed: dict[str, str] = {}
    sections = []
    for part in PARTS:
        picture = folder / f"{part.key}.png"
        picture.unlink(missing_ok=True)
        if not part.fits(findings.config):
            continue
        block, note = None, ""
        try:
            found = part.find(findings)
            block = part.show(*found)
            if part.draw:
                save(part.draw(*found), picture)
                files.append(picture.name)
        except NotShown as reason:
            if part.optional:
                continue
            note = missing[part.key] = str(reason)
        except Exception as error:  # one broken part must not cost the others
            note = failed[part.key] = f"{type(error).__name__}: {one_line(error)}"
        sections.append(Section(key=part.key, title=part.title, block=block, note=note))
    (folder / CLASSIFICATION_FILE).unlink(missing_ok=True)
    if "classification.png" in files:
        [table] = _classification(findings)
        _write(folder / CLASSIFICATION_FILE, json.dumps(table.to_json(), indent=2) + "\n")
        files.append(CLASSIFICATION_FILE)
    title = f"{findings.config.pair}: {findings.config.name}"
    page = render_page(title=title, heading=heading(findings), sections=sections, footer=footer())
    _write(folder / REPORT_PAGE, page)
    return Report(folder=folder, files=(REPORT_PAGE, *files), missing=missing, failed=failed)


def _write(path: Path, text: str) -> None:
    write_atomic(path, lambda file: file.write(text.encode()))
