"""%%step in IPython: the cell runs as always, and what it did can be walked through."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from viz import magic
from viz.magic import read_options
from viz.record import Run
from viz.recorder import LIMIT
from viz.trace import Trace


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An IPython with minigrad as torch and ``%load_ext viz``; its runs are kept in ``shell.traces``."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor", history_load_length=0)
    shell.history_manager.enabled = False
    shell.traces = []
    show = Run.show

    def remember(run: Run, step: int | None = None) -> Any:
        shell.traces.append(run.trace)
        return show(run, step)

    monkeypatch.setattr(Run, "show", remember)
    shell.run_cell("import minigrad as torch\n%load_ext viz")
    yield shell
    InteractiveShell.clear_instance()


Cell = Callable[[str], str]


@pytest.fixture
def cell(shell: Any, capsys: pytest.CaptureFixture[str]) -> Cell:
    """Runs a cell and returns what it printed."""
    capsys.readouterr()

    def run(code: str) -> str:
        shell.result = shell.run_cell(code)
        captured = capsys.readouterr()
        return captured.out + captured.err

    return run


def last(shell: Any) -> Trace:
    return shell.traces[-1]


def test_cell_runs_in_the_users_namespace(shell: Any, cell: Cell) -> None:
    cell("w = torch.tensor([2.0], requires_grad=True)")
    printed = cell("%%step\ny = w * w\nprint('hello', y.item())\ny.backward()")
    assert "hello 4.0" in printed
    assert "Stepper: 5 steps, 3 lines" in printed
    assert shell.user_ns["y"].requires_grad
    assert cell("print(w.grad)") == "tensor([4.])\n"


def test_trace_shows_the_cell_from_line_one(shell: Any, cell: Cell) -> None:
    cell("%%step\nx = torch.ones(1, requires_grad=True)\n\ny = x * 3")
    trace = last(shell)
    assert trace.source == ["x = torch.ones(1, requires_grad=True)", "", "y = x * 3"]
    assert (trace.first_line, [step.line for step in trace.steps]) == (1, [1, 3])
    assert [row.name for row in trace.tensors] == ["x", "y"]


def test_last_expression_is_shown_as_in_any_cell(cell: Cell) -> None:
    assert "tensor([1., 1.])" in cell("%%step\nx = torch.ones(2)\nx")
    assert "tensor" not in cell("%%step\nx = torch.ones(2)\nx;")


def test_run_without_steps_shows_too(cell: Cell) -> None:
    assert "Stepper: 0 steps" in cell("%%step\nnumber = 1")


def test_error_is_shown_as_always_after_the_stepper(shell: Any, cell: Cell) -> None:
    printed = cell("%%step\nx = torch.ones(2, requires_grad=True)\nx.backward()")
    assert isinstance(shell.result.error_in_exec, RuntimeError)
    assert printed.index("Stepper:") < printed.index("RuntimeError")
    assert "implicitly created only for scalar outputs" in printed
    assert "----> 2 x.backward()" in printed
    assert "magic.py" not in printed
    assert last(shell).steps[-1].kind == "error"


def test_error_that_is_meant_is_printed_and_the_cell_passes(shell: Any, cell: Cell) -> None:
    printed = cell("%%step --raises\nx = torch.ones(2, requires_grad=True)\nx.backward()")
    assert shell.result.success
    assert printed.endswith("RuntimeError: grad can be implicitly created only for scalar outputs\n")
    assert "Traceback" not in printed
    assert last(shell).steps[-1].kind == "error"


def test_error_may_be_named_by_its_kind(shell: Any, cell: Cell) -> None:
    cell("%%step --raises ArithmeticError\n1 / 0")
    assert shell.result.success
    cell("%%step --raises RuntimeError\n1 / 0")
    assert isinstance(shell.result.error_in_exec, ZeroDivisionError)


def test_error_that_does_not_come_is_an_error(shell: Any, cell: Cell) -> None:
    printed = cell("%%step --raises RuntimeError\nx = 1")
    assert not shell.result.success
    assert "was to raise RuntimeError, and did not" in printed


def test_title(shell: Any, cell: Cell) -> None:
    cell('%%step --title "a product" --raises\nraise KeyError(1)')
    assert last(shell).title == "a product"


def test_syntax_error_is_the_cells(shell: Any, cell: Cell) -> None:
    assert "SyntaxError" in cell("%%step\nif\n")
    assert not shell.traces


def test_a_cell_that_waits_is_told_where_to(cell: Cell) -> None:
    assert "put the await in a cell before it" in cell("%%step\nimport asyncio\nawait asyncio.sleep(0)")


def test_magics_work_inside(shell: Any, cell: Cell) -> None:
    cell("%%step\n%precision 3\nx = torch.ones(1)")
    assert "x" in shell.user_ns


def test_recording_does_not_nest(shell: Any, cell: Cell) -> None:
    cell("import viz")
    printed = cell("%%step\nwith viz.record() as run:\n    x = torch.ones(1)")
    assert "do not nest" in printed


def test_running_a_cell_again_leaves_nothing_behind(shell: Any, cell: Cell) -> None:
    code = "%%step\nx = torch.ones(1000, requires_grad=True)\ny = x.exp()"
    cell(code)
    x = weakref.ref(shell.user_ns["x"])
    gc.collect()
    gc.disable()
    try:
        cell(code)
        assert x() is None
    finally:
        gc.enable()


def test_error_that_is_meant_leaves_nothing_behind(shell: Any, cell: Cell) -> None:
    cell("%%step --raises\nx = torch.ones(3, requires_grad=True)\nx.backward()")
    x = weakref.ref(shell.user_ns["x"])
    gc.collect()
    gc.disable()
    try:
        shell.user_ns.pop("x")
        assert x() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", {}),
        ("--title one", {"title": "one"}),
        ("--title='two words'", {"title": "two words"}),
        ("--raises", {"raises": ""}),
        ("--raises ValueError --limit 7", {"raises": "ValueError", "limit": 7}),
        ("--raises --title t", {"raises": "", "title": "t"}),
    ],
)
def test_options(line: str, options: dict[str, Any]) -> None:
    assert read_options(line) == {"title": "", "raises": None, "predict": (), "limit": LIMIT} | options


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("--wat", "there is no option '--wat'"),
        ("title", "there is no option 'title'"),
        ("--title", "--title needs a value"),
        ("--limit many", "--limit needs a number of steps, not 'many'"),
        ("--limit 0", "--limit needs a number of steps, not '0'"),
        ('--title "open', "No closing quotation"),
    ],
)
def test_wrong_options_are_told(line: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        read_options(line)
    assert "--raises" in str(caught.value)


def test_wrong_option_runs_nothing(shell: Any, cell: Cell) -> None:
    printed = cell("%%step --wat\nnever = 1")
    assert "there is no option '--wat'" in printed
    assert "never" not in shell.user_ns


def test_usage_names_every_option() -> None:
    assert all(f"--{name}" in magic.USAGE for name in read_options(""))
