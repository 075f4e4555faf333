"""The example notebook runs from its first cell to its last in a real kernel, and is kept without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "example.ipynb"


def printed(cell: Any) -> str:
    """The text of all outputs of a cell."""
    parts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)


def test_it_is_kept_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


@pytest.mark.filterwarnings("ignore")  # of Jupyter's own packages
def test_all_of_its_cells_run(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TUNER_HOME", str(tmp_path / "runs"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    searched = code[1]
    shown = [output for output in searched.outputs if "text/html" in output.get("data", {})]
    assert len(shown) == 1  # one display that was updated
    assert "4 trials of cnn on digits" in shown[0]["data"]["text/html"]
    assert "digits-cnn-1, finished: trial" in printed(searched)
    assert "test_accuracy" in printed(code[2])
    assert "finished" in printed(code[-1])
    assert printed(code[-1]).rstrip().endswith("5")
