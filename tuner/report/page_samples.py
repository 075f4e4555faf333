"""Samples of the test split on the page: images as data URIs, sentences with their words marked, rows of a table."""

from __future__ import annotations

import base64

from markupsafe import Markup

from tuner.report.findings import WinningModel
from tuner.report.heat_pictures import seen_png
from tuner.report.page import Block, render_table, render_template
from tuner.report.samples import Sample, group_samples, samples, table_columns, weighted_words

TINY = 100  # pixels below which an image is shown larger than it is, pixel by pixel


def samples_block(winner: WinningModel) -> Block:
    """All samples that were stored."""
    show = {"image": _images, "text": _texts, "tabular": _rows}[winner.spec.task]
    groups = [(heading, show(winner, group)) for heading, group in group_samples(samples(winner))]
    weights = " Words with more than average attention are marked." if winner.attention is not None else ""
    return Block(
        caption=f"Samples of the test set, with the model's predictions.{weights}",
        html=render_template("samples.html", groups=groups),
    )


def _images(winner: WinningModel, shown: list[Sample]) -> Markup:
    images = [(sample, _png(winner, sample)) for sample in shown]
    return render_template("sample_images.html", images=images, tiny=max(winner.spec.shape[1:]) < TINY)


def _png(winner: WinningModel, sample: Sample) -> str:
    """The sample's image as a PNG in base64."""
    return base64.b64encode(seen_png(winner.spec, winner.predictions.inputs[sample.position])).decode()


def _texts(winner: WinningModel, shown: list[Sample]) -> Markup:
    texts = [(sample, weighted_words(winner, sample.position)) for sample in shown]
    return render_template("sample_texts.html", texts=texts)


def _rows(winner: WinningModel, shown: list[Sample]) -> Markup:
    names, values = table_columns(winner)
    rows = [[str(s.index), s.truth, f"{s.predicted} {s.sure} {s.mark}".strip(), *values[s.position]] for s in shown]
    return render_table(["number", "truth", "predicted", *names], rows)
