"""Where the learner's program is: the lines that are shown, and what the bytecode of a frame is about to do."""

from __future__ import annotations

import ast
import dis
import functools
import linecache
import os
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import minigrad
from viz import trace

_OURS = tuple(os.path.dirname(os.path.abspath(m.__file__ or "")) + os.sep for m in (minigrad, trace))
_ours: dict[str, bool] = {}


def is_ours(filename: str) -> bool:
    """Whether a file belongs to minigrad or viz."""
    known = _ours.get(filename)
    if known is None:
        known = _ours[filename] = filename.startswith(_OURS)
    return known


def is_learners(frame: FrameType) -> bool:
    """Whether a frame is neither minigrad's nor of a function that minigrad made from text (those are in no module)."""
    return not is_ours(frame.f_code.co_filename) and "__name__" in frame.f_globals


def library(frame: FrameType) -> str:
    """The part of minigrad that works by itself, in tensor operations that are not the learner's steps: or nothing."""
    name = frame.f_globals.get("__name__", "")
    if name.startswith(("minigrad.optim", "minigrad.nn.utils")):
        return "tools"
    if name.startswith("minigrad.") and frame.f_code.co_name in ("checkpoint", "keep", "fork_rng"):
        return "tools"
    if name.startswith("minigrad.nn") and frame.f_code.co_name in ("__init__", "__new__", "reset_parameters"):
        return "init"
    return ""


@dataclass
class Source:
    """The lines of a file, or of a cell, that are shown; ``offset`` is where they begin in the Trace's source."""

    filename: str
    first: int
    lines: list[str]
    offset: int = 0

    def line(self, frame: FrameType) -> int | None:
        """The number, in the Trace, of the line that runs in a frame."""
        return self.number(frame.f_code.co_filename, frame.f_lineno)

    def number(self, filename: str, line: int | None) -> int | None:
        if filename != self.filename or line is None or not self.first <= line < self.first + len(self.lines):
            return None
        return line - self.first + 1 + self.offset


def numbering(sources: Sequence[Source]) -> tuple[int, list[list[int]]]:
    """A Trace's ``first_line`` and ``resumed``: the numbers that the lines have in their files or cells."""
    first, *resumed = [[part.offset + 1, max(1, part.first)] for part in sources if part.lines] or [[1, 1]]
    return first[1], resumed


def words_of(lines: Sequence[str]) -> set[str]:
    """The names in a piece of source."""
    try:
        parts = list(ast.walk(ast.parse("\n".join(lines))))
    except SyntaxError:
        return set(re.findall(r"[^\W\d]\w*", "\n".join(lines)))
    return {name for part in parts for name in (getattr(part, "id", ""), getattr(part, "arg", "")) if name}


def line_of(frame: FrameType, sources: list[Source]) -> int | None:
    """The line of the Trace's source that runs in a frame."""
    for source in reversed(sources):
        line = source.line(frame)
        if line is not None:
            return line
    return None


def block_source(frame: FrameType) -> Source:
    """The body of the ``with`` statement that a frame has just entered."""
    filename, entered = frame.f_code.co_filename, frame.f_lineno
    lines = [line.rstrip("\n") for line in linecache.getlines(filename, frame.f_globals)]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        lines = []
    if not lines:
        return Source(filename, 0, [])
    found: ast.With | None = None
    for part in ast.walk(tree):
        if isinstance(part, ast.With) and part.lineno <= entered <= part.body[0].lineno:
            found = part
    if found is None:
        return Source(filename, 1, lines)
    header = max(item.context_expr.end_lineno or 0 for item in found.items)
    first, last = header + 1, found.end_lineno or header
    if found.body[0].lineno == header:  # with viz.record() as run: z.backward()
        return Source(filename, header, [lines[header - 1].strip()])
    while first < last and not lines[first - 1].strip():
        first += 1
    return Source(filename, first, textwrap.dedent("\n".join(lines[first - 1 : last])).split("\n"))


def function_source(function: Callable[..., Any]) -> Source:
    """The lines of a function."""
    import inspect

    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return Source("", 0, [])
    try:
        lines, first = inspect.getsourcelines(code)
    except OSError:
        return Source(code.co_filename, 0, [])
    return Source(code.co_filename, first, textwrap.dedent("".join(lines)).rstrip("\n").split("\n"))


@functools.lru_cache(maxsize=256)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


@functools.lru_cache(maxsize=256)
def _instructions(code: CodeType) -> tuple[list[dis.Instruction], dict[int, int]]:
    found = list(dis.get_instructions(code))
    ends = [*(instruction.offset for instruction in found[1:]), len(code.co_code)]
    # A frame that waits for a function may stand anywhere in the caches behind its instruction.
    places = {
        offset: place
        for place, (instruction, end) in enumerate(zip(found, ends, strict=True))
        for offset in range(instruction.offset, end, 2)
    }
    return found, places


def segment(frame: FrameType) -> str:
    """The source of the expression that a frame is evaluating: ``x + y``."""
    code = frame.f_code
    line, last, start, end = _positions(code)[frame.f_lasti // 2]
    if line is None or last is None or start is None or end is None:
        return ""
    lines = linecache.getlines(code.co_filename, frame.f_globals)[line - 1 : last]
    if not lines:
        return ""
    parts = [text.encode() for text in lines]  # columns count bytes
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    return " ".join(b" ".join(part.strip() for part in parts).decode(errors="replace").split())


@functools.lru_cache(maxsize=256)
def callee(expression: str) -> str:
    """What an expression calls or reads: ``relu`` of ``F.relu(h)``, ``mT`` of ``w.mT``."""
    try:
        part = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return ""
    part = part.func if isinstance(part, ast.Call) else part
    return getattr(part, "attr", getattr(part, "id", ""))


def operator_runs(frame: FrameType) -> bool:
    """Whether a frame is at an operator such as +, so that its expression is one operation for certain."""
    instructions, places = _instructions(frame.f_code)
    place = places.get(frame.f_lasti)
    return place is not None and instructions[place].opname.startswith(("BINARY", "UNARY", "COMPARE", "STORE_S"))


def stores(frame: FrameType) -> bool:
    """Whether a frame is at ``x[...] = value``."""
    instructions, places = _instructions(frame.f_code)
    place = places.get(frame.f_lasti)
    return place is not None and instructions[place].opname.startswith("STORE_S")  # SUBSCR; SLICE


def targets(frame: FrameType) -> list[str] | str:
    """The names that take the value a frame is computing, or "return", or nothing."""
    instructions, places = _instructions(frame.f_code)
    place = places.get(frame.f_lasti)
    if place is None:
        return []
    following = iter(instructions[place + 1 :])
    wanted = 1
    names: list[str] = []
    for instruction in following:
        if instruction.opname in ("COPY", "CACHE"):
            continue
        if instruction.opname == "UNPACK_SEQUENCE":
            wanted = instruction.argval
        elif instruction.opname.startswith(("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF")):
            stored = instruction.argval  # Python 3.13 has two in one: STORE_FAST_STORE_FAST, STORE_FAST_LOAD_FAST
            names += [stored] if isinstance(stored, str) else stored[: instruction.opname.count("STORE")]
            if len(names) >= wanted:
                return names[:wanted]
        elif instruction.opname == "RETURN_VALUE" and not names:
            return "return"
        else:
            break
    return []
