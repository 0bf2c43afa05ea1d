"""The student edition of the course: ``make student``, or ``python -m viz.student [FOLDER]``.

A folder to hand out, with the notebooks and the kit they need. It holds no solution, and no output either: what a cell
prints is the answer to the question before it, and a stored picture of a stepper shows a run to its end. Whoever runs
a cell gets all that, one prediction later. Checks stay, and say "not answered yet".
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbformat

PROJECT = Path(__file__).resolve().parents[1]
EDITION = PROJECT / "dist" / "student"
KIT = ("minigrad", "viz", ".jupyter", "pyproject.toml", "LICENSE")
NOT_FOR_STUDENTS = {"solution", "teacher"}  # tags of cells
TEACHING = "TEACHING.md"

README = """\
# minigrad: the course

Needs Python 3.11 or later. In this folder:

```sh
python3 -m venv .venv
.venv/bin/pip install -e '.[lab]'
.venv/bin/jupyter lab --notebook-dir=notebooks
```

(On Windows: `py -m venv .venv`, then `.venv\\Scripts\\pip` and `.venv\\Scripts\\jupyter`.)

Begin with `00_start_here.ipynb`. Run the cells one after the other, with Shift and Enter; predict before you run.
"""


def without_answers(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of a notebook without solutions, outputs and what is for teachers.

    >>> notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in ("slope = ...", "6")])
    >>> notebook.cells[1].metadata.tags = ["solution"]
    >>> [cell.source for cell in without_answers(notebook).cells]
    ['slope = ...']
    """
    kept = {name: notebook.metadata[name] for name in ("kernelspec", "language_info") if name in notebook.metadata}
    edition = nbformat.v4.new_notebook(metadata=kept)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if NOT_FOR_STUDENTS & set(tags):
            continue
        new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        look = {"tags": tags, "jupyter": cell.metadata.get("jupyter")}
        edition.cells.append(
            new(cell.source, id=cell.id, metadata={name: value for name, value in look.items() if value})
        )
    return edition


def build(edition: Path = EDITION, notebooks: Path = PROJECT / "notebooks") -> int:
    """Make the edition in a folder, in place of an older one; how many notebooks it has.

    Raises:
        ValueError: the folder is the project's own.
    """
    if PROJECT.is_relative_to(edition.resolve()):
        raise ValueError(f"{edition} holds the project itself; choose a folder for the student edition")
    edition.mkdir(parents=True, exist_ok=True)
    for name in ("notebooks", *KIT):
        old = edition / name
        if old.is_dir():
            shutil.rmtree(old)
    for name in KIT:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, edition / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(PROJECT / name, edition)
    (edition / "README.md").write_text(README, encoding="utf-8")

    # Pictures and data that notebooks load go along; the notebooks themselves are written anew.
    apart = shutil.ignore_patterns("*.ipynb", ".*", "__pycache__", TEACHING)
    shutil.copytree(notebooks, edition / "notebooks", ignore=apart)
    paths = sorted(notebooks.glob("*.ipynb"))
    for path in paths:
        text = nbformat.writes(without_answers(nbformat.read(path, as_version=4)))
        (edition / "notebooks" / path.name).write_text(text + "\n", encoding="utf-8")
    return len(paths)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else EDITION
    print(f"{build(target)} notebooks without solutions in {target}")
