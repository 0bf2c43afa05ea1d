"""Two runs side by side on one timeline: the same program with and without one thing.

Steps of the two that say the same stand at the same place of the timeline; where one run has steps that the other
lacks, the other waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from viz import page
from viz.place import is_placed, place
from viz.still import summary
from viz.texts import say
from viz.trace import Trace


class Comparison:
    """Two recorded runs as one thing to walk through; shown by being a cell's value."""

    def __init__(self, runs: Sequence[Trace], labels: Sequence[str], step: int = 1) -> None:
        self.runs = [run if is_placed(run) else place(run) for run in runs]
        self.labels = list(labels)
        self.pairs = aligned(*self.runs)
        self.step = max(1, min(step + len(self.pairs) + 1 if step < 0 else step, len(self.pairs)))

    def to_html(self, path: str | Path) -> None:
        """Write one HTML file with both steppers in it, which needs no kernel and no network."""
        text = page.document(" / ".join(self.labels), page.pair_fragment(self.runs, self.labels, self.pairs, self.step))
        Path(path).write_text(text, encoding="utf-8")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        html = page.pair_fragment(self.runs, self.labels, self.pairs, self.step)
        return {"text/plain": repr(self), "text/html": html}

    def __repr__(self) -> str:
        lines = [f"{label}: {summary(run)}" for label, run in zip(self.labels, self.runs, strict=True)]
        apart = next((n for n, (a, b) in enumerate(self.pairs, 1) if not self._same(a, b)), None)
        return "\n".join([*lines, say("compare.same") if apart is None else say("compare.apart", step=apart)])

    def _same(self, a: int, b: int) -> bool:
        return _meaning(self.runs[0], a) == _meaning(self.runs[1], b)


def compare(run_a: Any, run_b: Any, labels: Sequence[str] = (), *, step: int = 1) -> Comparison:
    """Show two runs side by side on one timeline.

    Args:
        run_a: a recorded run, or its Trace.
        run_b: another.
        labels: what stands above each; their titles where they have one.
        step: the step to open at, counted from 1; negative from the end.

    Raises:
        TypeError: one of the two is no run.
        ValueError: nothing was recorded in one of them, or the labels are not two.

    >>> import minigrad as torch, viz
    >>> def once(retain_graph=False):
    ...     x = torch.tensor([2.0], requires_grad=True)
    ...     y = x * x
    ...     y.backward(retain_graph=retain_graph)
    >>> print(compare(viz.step(once), viz.step(once, retain_graph=True), ["without", "with"]))
    without: Stepper: 6 steps, 4 lines
    with: Stepper: 5 steps, 4 lines
    The runs part at step 3.
    """
    runs = []
    for run in (run_a, run_b):
        trace = run if isinstance(run, Trace) else getattr(run, "trace", None)
        if not isinstance(trace, Trace):
            raise TypeError(f"compare takes two recorded runs, and got a {type(run).__name__}")
        if not trace.steps:
            raise ValueError("compare: nothing was recorded in one of the runs")
        runs.append(trace)
    if labels and len(labels) != 2:
        raise ValueError(f"compare takes two labels, and got {len(labels)}")
    return Comparison(runs, labels or [run.title or say(f"compare.{n}") for n, run in enumerate(runs, 1)], step)


def aligned(a: Trace, b: Trace) -> list[tuple[int, int]]:
    """For each place of the common timeline, the step each run shows there."""
    first, second = ([(step.kind, step.title) for step in run.steps] for run in (a, b))
    pairs: list[tuple[int, int]] = []
    at = [0, 0]
    for _, i, i_end, j, j_end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        for n in range(max(i_end - i, j_end - j)):
            at = [i + n if i + n < i_end else at[0], j + n if j + n < j_end else at[1]]
            pairs.append((at[0], at[1]))
    return pairs


def _meaning(run: Trace, step: int) -> tuple[str, str, str]:
    found = run.steps[step]
    return found.kind, found.title, found.text
