"""The stepper as an anywidget: for the kernel to follow it, and to stand among other widgets."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from viz import page
from viz.place import is_placed, place
from viz.still import summary
from viz.texts import interface
from viz.trace import Trace


class StepperWidget(anywidget.AnyWidget):
    """A run to walk through. ``step`` (counted from 1) is shared with the screen, both ways."""

    _esm = page.program("stepper")
    _css = page.static("stepper.css")
    trace = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)  # what the stepper itself says, in the language in use

    def __init__(self, trace: Trace, step: int = 1, **options: Any) -> None:
        placed = trace if is_placed(trace) else place(trace)
        self._summary = summary(trace)
        super().__init__(trace=placed.to_dict(), step=step, texts=interface(), **options)

    @traitlets.validate("step")
    def _within(self, proposal: Any) -> int:
        return max(1, min(int(proposal["value"]), len(self.trace.get("steps", ())) or 1))

    def show(self, trace: Trace) -> None:
        """Show another run in the same place, at the same step where it has so many."""
        self.trace = (trace if is_placed(trace) else place(trace)).to_dict()
        self._summary = summary(trace)
        self.step = min(self.step, max(1, len(trace.steps)))

    def __repr__(self) -> str:
        return self._summary
