"""Whether operations are recorded: no_grad, enable_grad, set_grad_enabled, inference_mode.

Every mode lives in ``state``, one per thread. The hot paths do not look at it: they test ``special``,
which is true only while some thread has any mode away from its default, and then take the long way.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    """The modes of one thread; class attributes are their defaults."""

    grad_enabled = True
    inference = False
    observers: tuple[Any, ...] = ()
    saved_tensors_hooks: tuple[Any, ...] = ()
    saved_tensors_disabled: str | None = None
    anomaly: Any = None

    def plain(self) -> bool:
        return self.grad_enabled and not (
            self.inference
            or self.observers
            or self.saved_tensors_hooks
            or self.saved_tensors_disabled is not None
            or self.anomaly is not None
        )


state = _State()
special = False

_lock = threading.Lock()
_special_threads: set[int] = set()


def change(**modes: Any) -> None:
    """Set modes of this thread: the only way ``state`` is written."""
    global special  # noqa: PLW0603  (read on every operation: a plain name of the module is the fastest)
    for name, value in modes.items():
        setattr(state, name, value)
    with _lock:
        (_special_threads.discard if state.plain() else _special_threads.add)(threading.get_ident())
        special = bool(_special_threads)


def is_grad_enabled() -> bool:
    """Whether operations are recorded on this thread.

    >>> is_grad_enabled()
    True
    """
    return state.grad_enabled


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside ``inference_mode``."""
    return state.inference


class _Mode:
    """A context manager that sets modes, and a decorator that sets them around each call."""

    def modes(self) -> dict[str, Any]:
        raise NotImplementedError

    def clone(self) -> _Mode:
        return type(self)()

    def __enter__(self) -> None:
        modes = self.modes()
        self._before = {name: getattr(state, name) for name in modes}
        change(**modes)

    def __exit__(self, *exc: object) -> None:
        change(**self._before)

    def __call__(self, function: F) -> F:
        if isinstance(function, type):
            return _decorate_class(self, function)  # type: ignore[return-value]
        if _is_generator(function):
            return _decorate_generator(self, function)  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


def _is_generator(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x20)  # CO_GENERATOR


def _decorate_class(mode: _Mode, cls: type) -> type:
    import warnings

    warnings.warn(
        "Decorating classes is deprecated and will be disabled in future versions. You should only decorate functions "
        "or methods. To preserve the current behavior of class decoration, you can directly decorate the `__init__` "
        "method and nothing else.",
        FutureWarning,
        stacklevel=3,
    )
    cls.__init__ = mode(cls.__init__)  # type: ignore[misc]
    return cls


def _decorate_generator(mode: _Mode, function: Callable[..., Any]) -> Callable[..., Any]:
    """The mode holds while the generator runs and not while its consumer does."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume, value = generator.send, None
        while True:
            try:
                with mode.clone():
                    produced = resume(value)
            except StopIteration as stop:
                return stop.value
            try:
                resume, value = generator.send, (yield produced)
            except GeneratorExit:
                with mode.clone():
                    generator.close()
                raise
            except BaseException as error:
                resume, value = generator.throw, error

    return wrapper


class _Bare(_Mode):
    """A mode that also works as a decorator without parentheses."""

    @overload
    def __new__(cls) -> Self: ...
    @overload
    def __new__(cls, function: F) -> F: ...  # type: ignore[misc]
    def __new__(cls, function: Any = None) -> Any:
        mode = super().__new__(cls)
        return mode if function is None else mode(function)


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

    def modes(self) -> dict[str, Any]:
        return {"grad_enabled": False}


class enable_grad(_Bare):
    """Operations inside are recorded, also within ``no_grad`` (context manager or decorator)."""

    def modes(self) -> dict[str, Any]:
        return {"grad_enabled": True}


class set_grad_enabled(_Mode):
    """Turn recording on or off: at once when called, and back again when used as a context manager."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._before = {"grad_enabled": state.grad_enabled}
        change(grad_enabled=mode)

    def modes(self) -> dict[str, Any]:
        return {"grad_enabled": self.mode}

    def clone(self) -> _Mode:
        clone = object.__new__(type(self))
        clone.mode = self.mode
        return clone

    def __enter__(self) -> None:
        if "_before" not in self.__dict__:
            self._before = {"grad_enabled": state.grad_enabled}
        change(grad_enabled=self.mode)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"

    def __call__(self, function: F) -> F:
        change(**self._before)  # as a decorator it holds during the calls only
        return super().__call__(function)


class inference_mode(_Mode):
    """Like ``no_grad``, and the tensors made inside can never be recorded later.

    Args:
        mode: False makes the block an ordinary one.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
    """

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if isinstance(mode, bool):
            return self
        self.__init__(True)  # type: ignore[misc]
        return self(mode)

    def __init__(self, mode: Any = True) -> None:
        self.mode = mode

    def clone(self) -> _Mode:
        return type(self)(self.mode)

    def modes(self) -> dict[str, Any]:
        return {"inference": self.mode, "grad_enabled": not self.mode}
