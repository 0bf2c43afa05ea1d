"""record(): watches a block of the learner's code, and keeps what happened as a Trace."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from minigrad.autograd import grad_mode, observe
from viz.naming import namespace
from viz.recorder import LIMIT, Recorder
from viz.sources import Source, block_source, function_source, words_of
from viz.trace import Trace


class Run:
    """A recorded run: ``with viz.record() as run:``. In a notebook it shows as a stepper."""

    def __init__(self, title: str = "", limit: int = LIMIT, predict: Sequence[str] | bool = ()) -> None:
        self._title, self._recorder = title, Recorder(limit)
        self._predict = (
            ("all",) if predict is True else (predict,) if isinstance(predict, str) else tuple(predict or ())
        )
        self._trace: Trace | None = None
        self._watching = False

    @property
    def trace(self) -> Trace:
        """What was recorded, as plain data."""
        if self._trace is None or self._watching:
            from viz import assemble

            self._trace = assemble.put_into_words(self._recorder, self._title, self._predict)
        return self._trace

    def __enter__(self) -> Run:
        frame = sys._getframe(1)
        variables = dict(reversed([*namespace(frame)]))  # a local one before a global one
        return self.start(block_source(frame), variables | {"__name__": frame.f_globals.get("__name__", "")})

    def __exit__(self, kind: Any, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop(error)

    def start(self, source: Source, variables: dict[str, Any] | None = None) -> Run:
        """Watch from now on; ``source`` is what is shown, ``variables`` what its code has to do with.

        Raises:
            RuntimeError: something is being recorded on this thread already.
        """
        if any(isinstance(observer, Recorder) for observer in grad_mode.state.observers):
            raise RuntimeError("a recording is already running here: viz.record() and %%step do not nest")
        recorder, given = self._recorder, variables or {}
        source.offset = sum(len(part.lines) for part in recorder.sources)
        recorder.sources.append(source)
        self._trace, self._watching = None, True
        recorder.deaths.unseen = False
        gc.callbacks.append(recorder.deaths.collector)
        recorder.remember({name: given[name] for name in (*words_of(source.lines), "__name__") if name in given})
        self._context = observe.observing(recorder)
        self._context.__enter__()
        return self

    def stop(self, error: BaseException | None = None) -> None:
        """Watch no longer; ``error`` is what ended the block."""
        recorder = self._recorder
        self._context.__exit__(None, None, None)
        gc.callbacks.remove(recorder.deaths.collector)
        self._trace, self._watching = None, False
        recorder.finish(error)
        recorder.tell_names()
        recorder.pause()
        recorder.deaths.unseen = True
        if recorder.failed:
            recorder.failed = False
            warnings.warn(f"{recorder.stopped} (The program itself was not disturbed.)", RuntimeWarning, stacklevel=3)

    def resume(self) -> Run:
        """Record more into the same run: ``with run.resume():`` in a later cell."""
        return self

    def show(self, step: int | None = None) -> Any:
        """The stepper, opened at a step (counted from 1; negative from the end)."""
        from viz.stepper import Stepper

        return Stepper(self.trace) if step is None else Stepper(self.trace, step=step)

    def save(self, path: str | Path) -> None:
        """Write the trace to a file that ``viz.load`` reads."""
        self.trace.save(path)

    def to_html(self, path: str | Path) -> None:
        """Write the stepper to one HTML file, which needs no Python and no network."""
        from viz import page

        page.save(self.trace, path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.show()._repr_mimebundle_(include=include, exclude=exclude)

    def __repr__(self) -> str:
        if self._watching:
            return "<run, recording>"
        steps = self.trace.steps
        ending = f", ends in {steps[-1].error.split(':')[0]}" if steps and steps[-1].error else ""
        return f"<run of {len(steps)} step{'' if len(steps) == 1 else 's'}{ending}>"


def record(title: str = "", *, limit: int = LIMIT, predict: Sequence[str] | bool = ()) -> Run:
    """Watch a block of code: ``with viz.record() as run:``.

    Recording takes time: about 0.3 ms a step, more where tensors are large, and about 0.5 ms a step again to put it
    into words when it is first shown. Measured in processor time: a training step of a 784-256-10 network on 128 images
    runs 7 times as long, forty steps of a 1-10-1 network 30 times, a loop of 200 operations on single numbers 60 times.
    Nothing is slower once the block is over.

    Args:
        title: what stands above the stepper.
        limit: the most steps that are recorded.
        predict: what the reader is asked before it is shown: ``["x.grad"]``, ``["raises"]``; True: every leaf's
            gradient, and whether a backward raises.

    >>> import minigrad as torch
    >>> with record() as run:
    ...     x = torch.tensor([2.0], requires_grad=True)
    ...     y = x * x
    ...     y.backward()
    >>> [step.kind for step in run.trace.steps]
    ['leaf', 'operation', 'backward', 'node', 'accumulate', 'free']
    """
    return Run(title, limit, predict)


def step(
    function: Callable[..., Any], *args: Any, title: str = "", predict: Sequence[str] | bool = (), **kwargs: Any
) -> Run:
    """Run ``function(*args, **kwargs)`` and return the recorded run; an error is its last step."""
    run = Run(title or getattr(function, "__name__", ""), predict=predict)
    run.start(function_source(function), getattr(function, "__globals__", {}))
    error: BaseException | None = None
    try:
        function(*args, **kwargs)
    except Exception as raised:
        error = raised
    finally:
        run._recorder.leave()
        run.stop(error)
        del error
    return run
