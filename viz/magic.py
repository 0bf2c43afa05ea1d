"""%%step on top of a cell: runs it as always, and shows it as something to walk through.

%load_ext viz

%%step
z = (x + y) * (y - 2)
z.backward()
"""

from __future__ import annotations

import ast
import shlex
from types import TracebackType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class

from viz.progress import Progress, watched
from viz.record import Run
from viz.recorder import LIMIT
from viz.sources import Source

USAGE = """%%step [--title TEXT] [--raises [ERROR]] [--predict [WHAT,WHAT]] [--limit STEPS]
  --title TEXT      what stands above the stepper
  --raises [ERROR]  the cell is meant to fail (with this error): print its type and message, and go on
  --predict [WHAT]  ask the reader before it is shown: x.grad, or raises; without a name, for all of them
  --limit STEPS     the most steps that are recorded"""


@magics_class
class StepMagics(Magics):
    """The magics of ``%load_ext viz``."""

    shell: Any

    @cell_magic  # type: ignore[untyped-decorator, unused-ignore]
    def step(self, line: str, cell: str) -> None:
        """Run the cell and show a stepper: see ``USAGE``."""
        options = read_options(line)
        body = cell.rstrip("\n")
        code = self.shell.transform_cell(body)
        filename = self.shell.compile.cache(code, self.shell.execution_count, raw_code=body)
        parts = self._compile(code, filename)
        run = Run(options["title"], options["limit"], options["predict"])
        progress = Progress(options["limit"], seen=watched())
        run._recorder.progress = progress.recorded
        run.start(Source(filename, 1, code.rstrip("\n").split("\n")), self.shell.user_ns)
        error: Exception | None = None
        try:
            for part in parts:
                exec(part, self.shell.user_global_ns, self.shell.user_ns)
        except Exception as raised:
            error = raised
        finally:
            run.stop(error)
        try:
            progress.laying_out(len(run.trace.nodes))
            self._show(progress, run, error, options["raises"], filename)
        finally:
            error = None  # it holds this frame, which holds it: the tensors of the cell would stay alive

    def _compile(self, code: str, filename: str) -> list[Any]:
        """The cell's code; a last expression on its own, so that its value is shown as in any other cell."""
        tree = self.shell.transform_ast(self.shell.compile.ast_parse(code, filename))
        last: list[Any] = []
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not DisplayHook.semicolon_at_end_of_expression(code):
            last.append(ast.Interactive([tree.body.pop()]))
        try:
            return [
                self.shell.compile(tree, filename, "exec"),
                *(self.shell.compile(part, filename, "single") for part in last),
            ]
        except SyntaxError as problem:
            if problem.msg != "'await' outside function":
                raise
            raise UsageError(
                "%%step runs its cell at once and cannot wait: put the await in a cell before it"
            ) from None

    def _show(self, progress: Progress, run: Run, error: Exception | None, expected: str | None, filename: str) -> None:
        """Show the stepper, and the error as the reader is meant to see it."""
        progress.done(run.show())  # first: the reader may be asked what will happen
        if error is not None and expected is not None and (not expected or expected in _kinds(error)):
            print(f"{type(error).__name__}: {error}")
            error = None
            expected = None
        if error is not None:
            # The traceback a reader sees begins in the cell, not in this file.
            shown = self.shell.InteractiveTB.structured_traceback(
                type(error), error, _from(error.__traceback__, filename)
            )
            error._render_traceback_ = lambda: shown  # type: ignore[attr-defined]
            raise error
        if expected is not None:
            raise UsageError(f"%%step --raises: this cell was to raise {expected or 'an error'}, and did not")


def _kinds(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _from(traceback: TracebackType | None, filename: str) -> TracebackType | None:
    """The part of a traceback that begins in a file."""
    part = traceback
    while part is not None and part.tb_frame.f_code.co_filename != filename:
        part = part.tb_next
    return part or traceback


def read_options(line: str) -> dict[str, Any]:
    """What stands behind ``%%step``.

    Raises:
        UsageError: an option is unknown, or its value is missing or wrong.
    """
    options: dict[str, Any] = {"title": "", "raises": None, "predict": (), "limit": LIMIT}
    try:
        words = shlex.split(line)
    except ValueError as problem:
        raise UsageError(f"%%step: {problem}\n{USAGE}") from None
    while words:
        word, _, value = words.pop(0).partition("=")
        name = word.removeprefix("--")
        if not word.startswith("--") or name not in options:
            raise UsageError(f"%%step: there is no option {word!r}\n{USAGE}")
        if not value and words and not words[0].startswith("--"):
            value = words.pop(0)
        if name not in ("raises", "predict") and not value:
            raise UsageError(f"%%step: {word} needs a value\n{USAGE}")
        if name == "limit":
            if not value.isdigit() or not int(value):
                raise UsageError(f"%%step: --limit needs a number of steps, not {value!r}\n{USAGE}")
            options[name] = int(value)
        elif name == "predict":
            options[name] = value.split(",") if value else True
        else:
            options[name] = value
    return options


def load_ipython_extension(ipython: Any) -> None:
    """Make ``%%step`` known."""
    ipython.register_magics(StepMagics)
