"""The student edition: no answer is left in it, and everything else works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.test_course import EACH, FOLDER, LINK, NOTEBOOKS, Runs, cells, code, prose, quiet_figures, tagged
from viz import student

__all__ = ["quiet_figures"]


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist") / "student"
    assert student.build(folder) == len(NOTEBOOKS)
    return folder


def lines(source: str) -> set[str]:
    """The lines of a cell that say something: one such as ``)`` does not."""
    return {line.strip() for line in source.split("\n") if re.search(r"\w.*\w", line)}


@EACH
def test_no_line_of_a_solution_is_left(edition: Path, path: Path) -> None:
    solutions = set[str]().union(*(lines(cell.source) for cell in tagged(path, "solution")))
    elsewhere = [cell.source for cell in cells(path) if "solution" not in cell.metadata.get("tags", [])]
    own = {line for line in solutions if not any(line in source for source in elsewhere)}
    assert own  # a line such as loss.backward() stands in the lesson too
    left = (edition / "notebooks" / path.name).read_text(encoding="utf-8")
    assert [line for line in own if json.dumps(line, ensure_ascii=False)[1:-1] in left] == []


@EACH
def test_it_has_the_cells_of_the_course_without_solutions_outputs_and_what_is_for_teachers(
    edition: Path, path: Path
) -> None:
    made = edition / "notebooks" / path.name
    nbformat.validate(nbformat.read(made, as_version=4))
    kept = [cell for cell in cells(path) if not {"solution", "teacher"} & set(cell.metadata.get("tags", []))]
    assert [(cell.id, cell.source) for cell in cells(made)] == [(cell.id, cell.source) for cell in kept]
    for cell in code(made):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert set(cell.metadata) <= {"tags", "jupyter"}
    assert set(nbformat.read(made, as_version=4).metadata) <= {"kernelspec", "language_info"}
    targets = [target for target in LINK.findall(prose(made)) if not target.startswith("http")]
    assert [name for name in targets if (FOLDER / name).exists() and not (made.parent / name).exists()] == []


@EACH
@pytest.mark.usefixtures("quiet_figures")
def test_it_runs_through_and_every_check_says_not_answered_yet(edition: Path, path: Path) -> None:
    run = Runs("import minigrad as torch")
    for cell in code(edition / "notebooks" / path.name):
        said = run(cell.source)
        if "check" in cell.metadata.get("tags", []):
            assert "not answered yet" in said, cell.source
            assert not re.search(r": (right|not yet)\b", said), said


def test_it_has_the_kit_and_what_the_notebooks_need_and_nothing_for_the_teacher(edition: Path) -> None:
    assert {path.name for path in edition.iterdir()} == {"notebooks", "README.md", *student.KIT}
    beside = {path.name for path in FOLDER.iterdir() if path.suffix != ".ipynb" and not path.name.startswith(".")}
    made = {path.name for path in (edition / "notebooks").iterdir() if path.suffix != ".ipynb"}
    assert made == beside - {"TEACHING.md", "__pycache__"}
    assert list(edition.rglob("__pycache__")) == []


def test_an_older_edition_is_replaced_and_nothing_else_is_touched(edition: Path) -> None:
    (edition / "notebooks" / "23_gone.ipynb").write_text("{}")
    (edition / "notes.txt").write_text("mine")
    student.build(edition)
    assert not (edition / "notebooks" / "23_gone.ipynb").exists()
    assert (edition / "notes.txt").read_text() == "mine"
    (edition / "notes.txt").unlink()
    with pytest.raises(ValueError, match="holds the project itself"):
        student.build(student.PROJECT)
