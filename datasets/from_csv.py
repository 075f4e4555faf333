"""Your own table: numbers and categories, in a CSV, Excel or Parquet file. --target names the column to predict.

A column with few different values is predicted as classes, one with many different numbers as a number. A test split
of 20 % and a validation split of 20 % of the rest are held out, stratified, or by --group or --time; or --test gives a
table of its own. How each column is read is decided from all its text; means, categories and scaling come from the
training split only.
"""

from __future__ import annotations

from pathlib import Path

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.files import slug
from tuner.data.column_decisions import fit_columns
from tuner.data.columns import examine_rows
from tuner.data.spec import DataSpec, Split, Splits, moments
from tuner.data.table_numbers import scale_of

from ._division import to_splits
from ._labelled_table import read_labelled


def load(
    path: Path,
    *,
    target: str | None = None,
    task: str | None = None,
    test: str | None = None,
    group: str | None = None,
    time: str | None = None,
) -> Splits:
    """The splits; inputs are float64 (rows, features).

    Args:
        path: the file, with a header; or a folder of several files of one table.
        target: the column to predict.
        task: `classification` or `regression`; by default what the column looks like.
        test: the path of the test split, a table with the same columns.
        group: a column; rows with the same value are in the same split.
        time: a column of dates or numbers; later rows validate, and the latest test.

    Raises:
        TunerError: the file cannot be read, has no such column, or the column cannot be predicted.
    """
    path = path.expanduser()
    source = f"csv:{path}"
    rows = read_labelled(path, source, target, task, DataOptions(test=test, group=group, time=time))
    fitted = fit_columns(rows.frame, rows.divided.parts["train"].inputs.numpy())
    if not fitted.columns:
        raise TunerError(f"{source}: nothing to learn from: {'; '.join(fitted.left_out) or 'it has no other column'}")
    inputs = examine_rows(rows.frame, fitted.columns, str(path)).features
    parts = {name: Split(inputs[chosen], targets) for name, (chosen, targets) in rows.divided.parts.items()}
    mean, std = moments(parts["train"].inputs)
    spec = DataSpec(
        name=f"csv_{slug(path.stem)}",
        task="tabular",
        shape=(inputs.shape[1],),
        classes=rows.classes,
        number=scale_of(rows.column, parts["train"].targets, source) if rows.column else None,
        mean=mean,
        std=std,
        columns=fitted.columns,
    )
    return to_splits(spec, parts, rows.divided, (*rows.notes, *fitted.notes, *fitted.left_out))
