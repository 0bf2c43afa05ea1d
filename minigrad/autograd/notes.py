"""Errors that teach: ``str(error)`` is PyTorch's text, and a note says which line caused it and the way out.

A place in the learner's code is kept as (code object, instruction), which costs next to nothing; the line
is looked up only when an error is about to be raised.
"""

from __future__ import annotations

import functools
import linecache
import os
import sys
import warnings
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, TypeVar

from . import grad_mode
from .observe import tell

Place = tuple[CodeType, int] | None
E = TypeVar("E", bound=BaseException)
F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class _Files(dict[str, bool]):
    def __missing__(self, name: str) -> bool:
        return self.setdefault(name, name.startswith(_PACKAGE))


OURS = _Files()  # file name -> whether it is one of minigrad's own


def here() -> Place:
    """The place outside of minigrad that is running now."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and OURS[frame.f_code.co_filename]:
        frame = frame.f_back
    return None if frame is None else (frame.f_code, frame.f_lasti)


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """A warning that points there."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and OURS[frame.f_code.co_filename]:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, level)


def stamp(node: Any) -> None:
    """Write on a node which place outside of minigrad made it; in anomaly mode, the whole stack."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and OURS[frame.f_code.co_filename]:
        frame = frame.f_back
    node.code, node.instruction = (None, 0) if frame is None else (frame.f_code, frame.f_lasti)
    if grad_mode.special and grad_mode.state.anomaly is not None:
        import traceback

        outside = [entry for entry in traceback.extract_stack() if not entry.filename.startswith(_PACKAGE)]
        node.metadata["traceback_"] = traceback.format_list(outside)


def describe(place: Place) -> str:
    """A place for a human reader: ``line 3: y = x.exp()``."""
    if place is None:
        return "an unknown line"
    code, instruction = place
    filename = code.co_filename
    line = next((line for start, end, line in code.co_lines() if start <= instruction < end), None)
    # Many things are called <string>; Python 3.13 has the text of one, that of python -c.
    source = "" if filename == "<string>" else linecache.getline(filename, line or 0).strip()
    cell = filename.startswith("<") or "ipykernel" in filename
    return f"line {line}{'' if cell else f' of {os.path.basename(filename)}'}{f': {source}' if source else ''}"


def explain(error: E, *sentences: str) -> E:
    """Attach a note to an error: its cause and the way out, for ``raise explain(...)``."""
    return told(noted(error, *sentences))


def noted(error: E, *sentences: str) -> E:
    """The same for an error that may not be raised after all."""
    error.add_note("minigrad: " + " ".join(sentences))
    return error


def told(error: E) -> E:
    """The error, of which the observers have heard before it is raised: the learner's code may catch it."""
    tell("error", error, None)
    return error


def telling(function: F) -> F:
    """Decorate what a learner calls: the observers hear of its errors. (Hot functions have the same written out.)"""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            told(error)
            raise

    return wrapper  # type: ignore[return-value]


def computing(function: F) -> F:
    """The same for what works with a function in operations and passes of its own: they hear of its result, too."""

    @functools.wraps(function)
    def wrapper(func: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        result = function(func, inputs, *args, **kwargs)
        tell("computed", function.__name__, (func, inputs, *args, *kwargs.values()), result)
        return result

    return telling(wrapper)  # type: ignore[return-value]
