"""Samples of the test split as HTML: images as data URIs, sentences with their words marked, rows of a table."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from itertools import groupby

from PIL import Image

from tuner.report.findings import WinningModel
from tuner.report.page import Block, table
from tuner.report.samples import HEADINGS, Sample, columns, picture, samples, weighted_words

TINY = 100  # pixels below which an image is shown larger than it is, pixel by pixel


def samples_block(winner: WinningModel) -> Block:
    """All samples that were stored."""
    show = {"image": _images, "text": _texts, "tabular": _rows}[winner.spec.task]
    html = ""
    for sought, group in groupby(samples(winner), key=lambda sample: sample.sought):
        html += f"<h3>{HEADINGS[sought].capitalize()}</h3>{show(winner, list(group))}"
    weights = " Words with more than average attention are marked." if winner.attention is not None else ""
    return Block(caption=f"Samples of the test set, with the model's predictions.{weights}", html=html)


def _images(winner: WinningModel, shown: list[Sample]) -> str:
    kind = "images tiny" if max(winner.spec.shape[1:]) < TINY else "images"
    return f'<div class="{kind}">' + "".join(_image(winner, sample) for sample in shown) + "</div>"


def _image(winner: WinningModel, sample: Sample) -> str:
    buffer = BytesIO()
    Image.fromarray(picture(winner.spec, winner.predictions.inputs[sample.position])).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    about = f"<div>{escape(sample.truth)}</div><div>{_predicted(sample)}</div>"
    return (
        f'<figure title="number {sample.index}"><img alt="{escape(sample.truth)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{about}</figcaption></figure>"
    )


def _texts(winner: WinningModel, shown: list[Sample]) -> str:
    return "".join(_text(winner, sample) for sample in shown)


def _text(winner: WinningModel, sample: Sample) -> str:
    words = " ".join(_word(word, weight) for word, weight in weighted_words(winner, sample.position))
    return (
        f'<div>Number {sample.index}: {escape(sample.truth)}, {_predicted(sample)}</div><div class="text">{words}</div>'
    )


def _word(word: str, weight: float) -> str:
    """Marked if its weight can be seen at all."""
    return f'<mark style="--w:{weight:.2f}">{escape(word)}</mark>' if weight >= 0.05 else escape(word)


def _rows(winner: WinningModel, shown: list[Sample]) -> str:
    names, values = columns(winner)
    rows = [
        [str(s.index), s.truth, f"{s.predicted} {s.probability:.1%} {'✓' if s.right else '✗'}", *values[s.position]]
        for s in shown
    ]
    return table(["number", "truth", "predicted", *names], rows)


def _predicted(sample: Sample) -> str:
    kind, sign = ("right", "✓") if sample.right else ("wrong", "✗")
    return f'<span class="{kind}">{sign} {escape(sample.predicted)} {sample.probability:.0%}</span>'
