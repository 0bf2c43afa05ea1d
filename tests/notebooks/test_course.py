"""The notebooks as a course: each has the frame of the others, its links lead somewhere, its checks tell right from
wrong, and what it prints is what PyTorch prints."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import linecache
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
REPLIES = Path(__file__).parent / "replies"
START = "00_start_here"
LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(path, as_version=4).cells


def prose(path: Path) -> str:
    return "\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in cells(path) if cell.cell_type == "code"]


def tagged(path: Path, tag: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in code(path) if tag in cell.metadata.get("tags", [])]


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def stepper(cell: nbformat.NotebookNode) -> bool:
    return any('class="mg-run"' in output.get("data", {}).get("text/html", "") for output in cell.outputs)


# The frame


@EACH
def test_a_notebook_opens_with_its_question_and_what_it_takes(path: Path) -> None:
    first = cells(path)[0].source
    number = path.stem[:2]
    assert re.match(r"# Start here\n" if path.stem == START else rf"# {number} · .+\?\n", first)
    assert "After this notebook you can\n" in first
    assert re.search(r"\*\*\d\d minutes\*\* · ", first)
    assert code(path)[0].source.startswith("import minigrad as torch\n")


@EACH
def test_a_notebook_has_steppers_and_closes_with_three_to_five_key_points(path: Path) -> None:
    assert any(stepper(cell) for cell in code(path))
    last = cells(path)[-1].source
    assert last.startswith("## Key points\n")
    assert 3 <= len(re.findall(r"^- ", last, re.MULTILINE)) <= 5


@EACH
def test_an_exercise_is_an_answer_then_its_check_then_its_hidden_solution(path: Path) -> None:
    kinds = [next(iter(cell.metadata.get("tags", [])), "") for cell in code(path)]
    exercises = [kind for kind in kinds if kind in ("answer", "check", "solution")]
    assert exercises
    assert len(exercises) % 3 == 0
    assert all(exercises[k : k + 3] == ["answer", "check", "solution"] for k in range(0, len(exercises), 3))
    for cell in tagged(path, "check"):
        assert cell.metadata.jupyter.source_hidden
        assert "not answered yet" in printed(cell)
    for cell in tagged(path, "solution"):
        assert cell.metadata.jupyter.source_hidden
        assert cell.metadata.jupyter.outputs_hidden
        assert "ight" in printed(cell)
        assert not re.search("not yet|look again|not answered", printed(cell))


@EACH
def test_a_notebook_asks_before_it_shows(path: Path) -> None:
    assert any(re.search(r"--predict\b|^predict\(", cell.source, re.MULTILINE) for cell in code(path))


# The articles say something that PyTorch does not do: article and place, in the notebook of its topic.
DIFFERENCES = [
    ("01", "Article 001, on checking gradients"),
    ("03", "Article 003, step 1"),
    ("04", "Article 000, on gradients of vectors"),
    ("05", "Article 003, on non-scalar outputs"),
    ("06", "Article 001, on accumulation"),
    ("06", "Article 004, on the three calls of a training step"),
    ("09", "Article 003, step 3"),
    ("13", "Article 001, on clipping"),
    ("14", "Article 001, problem 3"),
    ("15", "Article 001, problem 1"),
    ("15", "Article 000, common errors"),
]


@pytest.mark.parametrize(("number", "place"), DIFFERENCES)
def test_where_an_article_is_wrong_a_box_says_so(number: str, place: str) -> None:
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith(number))
    assert f"> **What the article says, what happens**\n>\n> *{place}*: " in prose(path)


@EACH
def test_a_box_is_followed_by_the_program_that_shows_it(path: Path) -> None:
    for cell, following in itertools.pairwise(cells(path)):
        if "**What the article says, what happens**" in cell.source and path.stem != START:
            assert cell.source.rstrip().split("\n")[-1].startswith(">")
            assert following.cell_type == "code"
            assert following.outputs


# Links


@EACH
def test_links_lead_to_files_that_are_there(path: Path) -> None:
    targets = [target for target in LINK.findall(prose(path)) if not target.startswith("http")]
    assert [target for target in targets if not (FOLDER / target).exists()] == []
    assert path.stem == START or f"{START}.ipynb" in targets


def test_the_map_names_every_notebook_with_its_question_and_its_minutes() -> None:
    listing = prose(FOLDER / f"{START}.ipynb").split("## The map")[1]
    rows = re.findall(r"^\| \[(\d\d)\]\(([^)]+)\) \| (.+) \| (\d\d) min \|$", listing, re.MULTILINE)
    assert [target for _, target, _, _ in rows] == [path.name for path in NOTEBOOKS if path.stem != START]
    for number, target, question, minutes in rows:
        opening = cells(FOLDER / target)[0].source
        title = opening.split("\n")[0]
        assert f"# {number} · {question}".startswith(title)
        assert f"**{minutes} minutes**" in opening


def test_each_notebook_leads_to_the_next() -> None:
    course = [path for path in NOTEBOOKS if path.stem != START]
    for path, following in itertools.pairwise(course):
        assert f"]({following.name})" in cells(path)[-1].source
        assert f"]({path.name})" in cells(following)[-1].source or path == course[0]


# What the cells do


class Runs:
    """Runs the cells of a notebook one after the other, as IPython would, without IPython."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.names: dict[str, Any] = {"__name__": "notebook"}
        self.count = 0

    def __call__(self, source: str) -> str:
        """Run a cell; what it prints."""
        self.count += 1
        first, _, rest = source.partition("\n")
        magic = first if first.startswith("%%step") else ""
        text = "\n".join("" if line.startswith("%") else line for line in (rest if magic else source).split("\n"))
        text = text.replace("import minigrad as torch", self.library)
        name = f"<cell {self.count} with {self.library}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                exec(compile(text, name, "exec"), self.names)
            except RuntimeError as error:
                if "--raises" not in magic:
                    raise
                print(f"{type(error).__name__}: {error}")
        return out.getvalue()


@pytest.fixture
def quiet_figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MPLBACKEND", "agg")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    yield
    plt.close("all")


def recorded_here(source: str, names: set[str]) -> bool:
    """Whether a cell works with what was recorded: only minigrad can be."""
    tree = ast.parse("\n".join(line for line in source.split("\n") if not line.startswith("%")))
    parts = list(ast.walk(tree))
    used = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}
    made = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    made |= {part.name for part in parts if isinstance(part, ast.FunctionDef)}
    if re.search(r"\bviz\.(record|step)\(", source) or used & names:
        names |= made
        return True
    return False


@EACH
@pytest.mark.usefixtures("quiet_figures")
def test_the_same_code_prints_the_same_with_pytorch(path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch, the oracle: .venv/bin/pip install torch==2.13.0")
    run = Runs("import torch")
    names: set[str] = set()
    for cell in code(path):
        if not recorded_here(cell.source, names):
            expected = re.sub(r"\n\nminigrad: .*", "", printed(cell))  # the notes that it adds to errors
            assert run(cell.source) == expected, cell.source


@EACH
@pytest.mark.usefixtures("quiet_figures")
def test_a_wrong_answer_gets_its_own_reply(path: Path) -> None:
    run = Runs("import minigrad as torch")
    for cell in code(path):
        run(cell.source)
    for answer, reply in runpy.run_path(str(REPLIES / f"{path.stem}.py"))["WRONG"]:
        assert reply in run(answer), answer
