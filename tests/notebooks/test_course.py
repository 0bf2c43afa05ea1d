"""The notebooks as a course: each has the frame of the others, its links lead somewhere, its checks tell right from
wrong, and what it prints is what PyTorch prints."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
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


# Links


@EACH
def test_links_lead_to_files_that_are_there(path: Path) -> None:
    targets = [target for target in LINK.findall(prose(path)) if not target.startswith("http")]
    assert [target for target in targets if not (FOLDER / target).exists()] == []
    assert path.stem == START or f"{START}.ipynb" in targets


def test_the_map_links_every_notebook_and_claims_no_other() -> None:
    listing = prose(FOLDER / f"{START}.ipynb").split("## The map")[1]
    rows = re.findall(r"^\| (?:\[(\d\d)\]\(([^)]+)\)|(\d\d)) \|.*\| (.+) \|$", listing, re.MULTILINE)
    assert [linked or plain for linked, _, plain, _ in rows] == [f"{number:02}" for number in range(1, 23)]
    assert [target for _, target, _, _ in rows if target] == [path.name for path in NOTEBOOKS if path.stem != START]
    for linked, target, _, takes in rows:
        opening = cells(FOLDER / target)[0].source if linked else "to come"
        assert takes.replace(" min", " minutes") in opening


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
    """Whether a cell works with what viz.record() saw: only minigrad can be recorded."""
    tree = ast.parse("\n".join(line for line in source.split("\n") if not line.startswith("%")))
    parts = list(ast.walk(tree))
    used = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}
    made = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    made |= {part.name for part in parts if isinstance(part, ast.FunctionDef)}
    if "viz.record(" in source or used & names:
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


# A wrong answer, and a part of what is said about it.
WRONG = {
    "00_start_here": [
        ("check(8, 8)", "1: not yet. In step 8 this happens: SumBackward0"),
        ("check(99, 12)", "1: the stepper has steps 1 to 13"),
        ("check(12, 8)", "2: not yet. It stands at the bottom right"),
    ],
    "01_what_is_autodiff": [
        ("predict('h', 1e-13, 1e-5, 'Look.')", "h is 1e-05; you predicted 1e-13. Look."),
        ("check_1(1000, 100)", "looks to both sides"),
        ("check_1(..., 100)", "does it grow with the inputs?"),
        ("check('slope', lambda f, x: f(x), judge_2)", "the value of the function"),
        ("check('slope', lambda f, x: f(torch.tensor(x, requires_grad=True)).backward(), judge_2)", "It returns None"),
        ("check('slope', lambda f, x: torch.tensor(f(x)), judge_2)", "Python number is wanted"),
        ("check('slope', lambda f, x: numerically(f, x, 1e-5), judge_2)", "is there a step size in it?"),
        ("check('slope', lambda f, x: -1.0, judge_2)", "The number is another one"),
        ("check('slope', lambda f, x: x.grad, judge_2)", "Your code raises AttributeError"),
        ("check_3('bd')", "2 of the 4 are right"),
        ("check_3('abcd')", "Not all of them are wrong"),
        ("check_4('automatic')", "are these operations of torch?"),
        ("check_4('guess')", "The choices are 'hand', "),
    ],
    "02_computation_graph": [
        ("check_1({'w': False, 'data': None})", "w         look again"),
        ("check_1({'w[0]': True})", "w[0]      look again"),
        ("check_2(lambda x, y: 3.0)", "The result has no grad_fn"),
        ("check_2(lambda x, y: x * y)", "The last operation is to be a subtraction. Yours is Mul(x, y)"),
        ("check_2(lambda x, y: x * y - x**2)", "what it works on is not yet. Yours is Sub(Mul(x, y), Pow(x))"),
        ("check_2(lambda x, y: x * y - 2)", "Yours is Sub(Mul(x, y), constant)"),
        ("check_3(4, 81)", "nodes: off by one"),
        ("check_3(200, 243)", "nodes: not yet"),
        ("check_3(5, 15)", "gradient: not yet"),
    ],
    "03_requires_grad": [
        ("predict('x.requires_grad', True, False, 'Never back.')", "is False; you predicted True. Never back."),
        ("check_1({'w > 1': True})", "What kind of numbers"),
        ("check_1({'data * w': False})", "what do they ask?"),
        ("check_1({'data * w': 'yes'})", "What is wanted is True or False"),
        ("check_2(lambda w, x: (w * x - 1) ** 2)", "That is the loss"),
        ("check_2(lambda w, x: None)", "is no tensor"),
        ("check_2(lambda w, x: 6 * w.detach())", "the gradient is another one"),
        (
            "def other(w, x):\n    x.requires_grad_()\n    ((w.detach() * x - 1) ** 2).backward()\n    return x.grad\n"
            "check_2(other)",
            "x is data",
        ),
        ("check('h', lambda x: x**2, judge_3)", "both factors are connected"),
        ("check('h', lambda x: (x**2).detach(), judge_3)", "every way to x is cut"),
        ("check('h', lambda x: 2 * x, judge_3)", "The value is not x"),
        ("check('h', lambda x: x.detach() ** 2 + 0 * x, judge_3)", "neither x nor 2x"),
        ("check_4('a')", "Has one?"),
    ],
    "04_backward": [
        ("check_1(1, 1, 2)", "to v: not yet. 1 arrives at z"),
        ("check_1(9, 3, 6)", "to v: not yet. That is the value of z."),
        ("check_1(3, 3, 6)", "to x: not yet. And times 2?"),
        ("check_1(-6, 6, 12)", "to v: not yet. The size is right, but not the direction"),
        ("check_2([1, 1, 1, 1])", "That is the sum"),
        ("check_2(0.25)", "What is wanted is a group of 4; yours is a number."),
        ("check_3([12, 16], [60, 80])", "at (6, 8): not yet. That is the gradient of the square"),
        ("check_3([12, 16], [60, 80])", "at (60, 80): not yet. That is the vector itself"),
        ("check_3([4.24, 5.66], [6, 8])", "at (6, 8): not yet. That is the mistake of the article"),
        ("check_3([0.6, 0.8], [6, 8])", "Does its length grow faster"),
        ("check_3([0.6, 0.6], ...)", "1 of the 2 are right"),
        ("check_4('b')", "0 is a gradient like any other"),
        ("check_4('C')", "made from x[1]?"),
    ],
    "06_gradient_accumulation": [
        ("check_1(3, 5, 2, 2)", "b: not yet"),
        ("check_1(3, 8, 10, 4)", "d: not yet"),
        (
            "def copies(batches):\n    return [g.clone() for g in gradients(batches)]\ncheck_2(copies)",
            "Not yet: for the",
        ),
        (
            "def zeroed(batches):\n    return [torch.zeros(1)] * 3\ncheck_2(zeroed)",
            "one and the same tensor three times",
        ),
        ("check_2(lambda batches: None)", "It is to return a list"),
        ("check_2(lambda b: [torch.tensor([n]) for n in (2.0, 10.0, 28.0)])", "but the batches still mix"),
        (
            "def every_batch_alike(size):\n    w.grad = None\n    for k in range(0, 8, size):\n"
            "        loss_of(X[k : k + size], t[k : k + size]).backward()\ncheck_3(every_batch_alike)",
            "size 2: 4.00 times the gradient wanted",
        ),
        (
            "def by_number(size):\n    w.grad = None\n    parts = range(0, 8, size)\n    for k in parts:\n"
            "        (loss_of(X[k : k + size], t[k : k + size]) / len(parts)).backward()\ncheck_3(by_number)",
            "size 3: not yet. Does every example count the same",
        ),
    ],
    "07_retain_graph": [
        ("check_1({'x + y': True, 'x * y': False})", "x + y: look again"),
        ("check_1({'x.tanh()': False})", "x.tanh(): look again"),
        ("def detached(x):\n    x.detach()\ncheck_2(detached)", "no backward has reached x"),
        ("def half(x):\n    ((x.exp() - 1) ** 2).sum().backward()\ncheck_2(half)", "not the gradient of both"),
        (
            "def kept(x):\n    s = x.exp() - 1\n    (s**2).sum().backward(retain_graph=True)\n"
            "    (s**3).sum().backward()\ncheck_2(kept)",
            "retain_graph keeps the saved tensors",
        ),
        (
            "def twice(x):\n    ((x.exp() - 1) ** 2).sum().backward()\n    ((x.exp() - 1) ** 3).sum().backward()\n"
            "check_2(twice)",
            "exp runs twice",
        ),
        (
            "def scalar(x):\n    x.exp().backward()\ncheck_2(scalar)",
            "another error now: grad can be implicitly",
        ),
        ("check_3(12)", "That is what one backward brings"),
        ("check_3(36)", "The last backward has no retain_graph, but does it run?"),
        ("check_3(7)", "Not yet"),
    ],
    "14_inplace_errors": [
        ("check_1({'y = x.sqrt(); y *= 2': False})", "look again"),
        ("check_1({'y = x * 3; y += 1': True})", "look again"),
        ("check_2(lambda x: x.sigmoid().sum())", "the value is"),
        ("check_2(lambda x: (x.sigmoid() * 10 - 5).sum().detach())", "Another error now: element 0 of tensors"),
        ("check_2(lambda x: (x.sigmoid().detach() * 10 - 5 + 0 * x).sum())", "the gradient is not"),
        ("check_3(2, 5)", "after it was saved: not yet"),
        ("check_3(3, 4)", "in all: not yet"),
    ],
}


@EACH
@pytest.mark.usefixtures("quiet_figures")
def test_a_wrong_answer_gets_its_own_reply(path: Path) -> None:
    run = Runs("import minigrad as torch")
    for cell in code(path):
        run(cell.source)
    for answer, reply in WRONG[path.stem]:
        assert reply in run(answer), answer
