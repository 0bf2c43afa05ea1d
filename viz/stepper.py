"""Stepper: what a recorded run shows as in a notebook.

A cell's output holds the whole stepper (``text/html``, see viz/page.py), so it keeps working when the page is
reloaded, the kernel is gone, or nbconvert makes a page of the notebook. A widget's output would hold a reference
to a model in the kernel instead, and show nothing once that is gone; so the widget is made only for those who ask
for it, to share the step with Python or to stand among other widgets.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz import page
from viz.place import is_placed, place
from viz.still import summary
from viz.trace import Trace

if TYPE_CHECKING:
    from viz.widget import StepperWidget


class Stepper:
    """A run to walk through, forward and backward; shown by being a cell's value, or with ``display``.

    Args:
        trace: the run; it is laid out here if it has not been yet.
        step: the step to open at, counted from 1 as on the screen; negative from the end.
    """

    def __init__(self, trace: Trace, step: int = 1) -> None:
        self.trace = trace if is_placed(trace) else place(trace)
        self.step = max(1, min(step + len(trace.steps) + 1 if step < 0 else step, len(trace.steps)))

    @cached_property
    def widget(self) -> StepperWidget:
        """The same as an ipywidget (it needs the kernel): its ``step`` follows the screen and moves it."""
        from viz.widget import StepperWidget

        return StepperWidget(self.trace, self.step)

    def to_html(self, path: str | Path) -> None:
        """Write one HTML file with the stepper in it, which needs no kernel and no network."""
        page.save(self.trace, path, self.step)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": page.fragment(self.trace, self.step)}

    def __repr__(self) -> str:
        return summary(self.trace)
