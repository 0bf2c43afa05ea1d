"""A progress bar in a cell's output, for what takes over a second; the result then takes its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from IPython import get_ipython
from IPython.display import DisplayHandle, display

from viz.texts import say

PATIENCE = 1.0  # seconds without a bar
PAUSE = 0.25  # seconds between two looks of the bar


def watched() -> bool:
    """Whether somebody sees the cell at work, and could answer a question.

    Not where nbconvert or nbval runs it: nbval would take the bar for the cell's output, on a slow day.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


class Progress:
    """What a cell shows while it is at work.

    Args:
        limit: how many steps make the bar full.
        clock: seconds, as ``time.monotonic`` gives them.
        seen: without it there is no bar.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic, seen: bool = True) -> None:
        self.limit, self.clock, self.seen = limit, clock, seen
        self.next = clock() + PATIENCE
        self.handle: DisplayHandle | None = None

    def recorded(self, steps: int) -> None:
        """So many steps are recorded."""
        if self.clock() >= self.next:
            self.show(say("progress.record", steps=f"{steps:,}"), steps / self.limit)

    def laying_out(self, nodes: int) -> None:
        """The picture of so many nodes is about to be laid out, which gives no sign of how far it is."""
        if self.handle is not None or nodes > 400:
            self.show(say("progress.layout", nodes=f"{nodes:,}"))

    def show(self, text: str, part: float | None = None) -> None:
        """Draw the bar, ``part`` of it full (None: nobody knows)."""
        if not self.seen:
            return
        self.next = self.clock() + PAUSE
        value = "" if part is None else f' value="{min(part, 1):.3f}"'
        bundle = {
            "text/plain": text,
            "text/html": f'<label>{text} <progress{value} style="width:14em"></progress></label>',
        }
        self.handle = self._put(bundle, raw=True)

    def done(self, result: Any) -> None:
        """Show the result, where the bar stood if there was one."""
        self._put(result)

    def _put(self, what: Any, **options: Any) -> DisplayHandle | None:
        if self.handle is not None:
            self.handle.update(what, **options)
            return self.handle
        return display(what, display_id=True, **options) if options else display(what)
