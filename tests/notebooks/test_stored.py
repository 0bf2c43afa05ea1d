"""What a notebook file holds before anybody runs it. That its outputs are right is nbval's to check, cell by cell."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def texts(cell: nbformat.NotebookNode) -> str:
    """Everything a reader can read under a cell."""
    outputs = cell.outputs
    shown = [text for output in outputs for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    printed = [output.get("text", "") for output in outputs]
    raised = [line for output in outputs for line in [*output.get("traceback", []), output.get("evalue", "")]]
    return "\n".join(map(str, shown + printed + raised))


def test_the_file_is_a_valid_notebook(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))


def test_cells_were_run_once_from_top_to_bottom(path: Path) -> None:
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_no_cell_escapes_nbval(path: Path) -> None:
    allowed = {"raises-exception"}  # then nbval compares the error instead
    for cell in code_cells(path):
        assert not re.search(r"#\s*(NBVAL|PYTEST_VALIDATE)_", cell.source), cell.source
        assert not [tag for tag in cell.metadata.get("tags", []) if "nbval" in tag.lower()], cell.source
        raised = any(output.output_type == "error" for output in cell.outputs)
        assert raised == bool(allowed & set(cell.metadata.get("tags", []))), cell.source


def test_outputs_name_no_memory_address_and_no_place_on_the_writers_disk(path: Path) -> None:
    for cell in code_cells(path):
        found = re.search(r"\bat 0x[0-9a-f]+|(/home/|/root/|/Users/|/tmp/|[A-Z]:\\)\S*", texts(cell))
        assert not found, f"{found}\n{cell.source}"


def test_every_widget_can_be_shown_without_a_kernel(path: Path) -> None:
    state = nbformat.read(path, as_version=4).metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    for cell in code_cells(path):
        for data in (output.get("data", {}) for output in cell.outputs):
            if WIDGET in data:
                assert data[WIDGET]["model_id"] in state, cell.source
                assert "text/html" in data, "no still picture for a reader who does not trust the notebook yet"
