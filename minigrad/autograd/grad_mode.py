"""Whether operations are recorded: no_grad, enable_grad, set_grad_enabled, inference_mode.

Every mode lives in ``state``, one per thread. The hot paths do not look at it: they test ``special``,
which is true only while some thread has any mode away from its default, and then take the long way.
"""

from __future__ import annotations

import copy
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    """The modes of one thread; class attributes are their defaults."""

    grad_asked = True  # what no_grad and its like say
    grad_enabled = True  # whether operations are recorded: asked for, and not in inference mode
    inference = False
    observers: tuple[Any, ...] = ()
    saved_tensors_hooks: tuple[Any, ...] = ()
    saved_tensors_disabled: str | None = None
    anomaly: bool | None = None  # anomaly detection: off, or whether it looks for NaN
    care: Any = None  # of the pass whose hook is running


state = _State()
special = False

_lock = threading.Lock()
_special_threads: set[int] = set()


def change(**modes: Any) -> None:
    """Set modes of this thread: the only way ``state`` is written."""
    global special  # noqa: PLW0603  (read on every operation: a plain name of the module is the fastest)
    for name, value in modes.items():
        setattr(state, name, value)
    state.grad_enabled = state.grad_asked and not state.inference
    plain = vars(state).items() <= vars(_State).items()
    with _lock:
        (_special_threads.discard if plain else _special_threads.add)(threading.get_ident())
        special = bool(_special_threads)


def is_grad_enabled() -> bool:
    """Whether operations are to be recorded on this thread (inference mode records none all the same).

    >>> is_grad_enabled()
    True
    """
    return state.grad_asked


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside ``inference_mode``."""
    return state.inference


class Mode:
    """A context manager that sets modes, and a decorator that sets them around each call."""

    def __init__(self, **modes: Any) -> None:
        self.modes = modes

    def __enter__(self) -> None:
        self._before = {name: getattr(state, name) for name in self.modes}
        change(**self.modes)

    def __exit__(self, *exc: object) -> None:
        change(**self._before)

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            from . import notes  # which needs this module

            notes.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
                "the `__init__` method and nothing else.",
                FutureWarning,
            )

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with copy.copy(self):
                return function(*args, **kwargs)

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            """The mode holds while the generator runs and not while its consumer does."""
            running = function(*args, **kwargs)
            resume, value = running.send, None
            while True:
                try:
                    with copy.copy(self):
                        produced = resume(value)
                except StopIteration as stop:
                    return stop.value
                try:
                    resume, value = running.send, (yield produced)
                except BaseException as error:  # GeneratorExit too: that ends it
                    resume, value = running.throw, error

        return generator if inspect.isgeneratorfunction(function) else wrapper  # type: ignore[return-value]


class _Bare(Mode):
    """A mode that also works as a decorator without parentheses."""

    def __new__(cls, function: Any = None, **options: Any) -> Any:
        return cls()(function) if callable(function) else super().__new__(cls)


class no_grad(_Bare):
    """Operations inside are not recorded (context manager or decorator).

    >>> import minigrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False

    See https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html
    """

    def __init__(self) -> None:
        super().__init__(grad_asked=False)


class enable_grad(_Bare):
    """Operations inside are recorded, also within ``no_grad`` (context manager or decorator)."""

    def __init__(self) -> None:
        super().__init__(grad_asked=True)


class inference_mode(_Bare):
    """Like ``no_grad``, and the tensors made inside can never be recorded later.

    Args:
        mode: False makes the block an ordinary one.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__(inference=mode, grad_asked=not mode)


class AtOnce(Mode):
    """A mode that is set when it is called, and set back at the end where it is used as a context manager."""

    def __init__(self, **modes: Any) -> None:
        super().__init__(**modes)
        super().__enter__()

    def __enter__(self) -> None:
        change(**self.modes)

    def __call__(self, function: F) -> F:
        change(**self._before)  # as a decorator it holds during the calls only
        return Mode(**self.modes)(function)


class set_grad_enabled(AtOnce):
    """Turn recording on or off: at once when called, and back again when used as a context manager."""

    def __init__(self, mode: bool) -> None:
        super().__init__(grad_asked=mode)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.modes['grad_asked']})"
