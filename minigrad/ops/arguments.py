"""Reading arguments the way PyTorch reads them, with its errors. A public function states PyTorch's signature:

    @function("flatten(Tensor input, int start_dim=0, int end_dim=-1)")
    def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor: ...

and becomes ``torch.flatten`` and ``Tensor.flatten``, called with whatever PyTorch takes for such arguments. Reading
costs microseconds; so the types of arguments that needed no change are remembered, and arguments of the same types are
passed on as they are from then on.

>>> import minigrad as torch
>>> torch.zeros(2, 3).flatten("all")
Traceback (most recent call last):
TypeError: flatten(): argument 'start_dim' (position 1) must be int, not str
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np

from .. import dtypes
from ..autograd import grad_mode, notes, views
from ..dtypes import kind_name
from ..memory import check_memory
from ..tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
Way = Callable[[Any, dict[str, Any]], tuple[Any, dict[str, Any]]]
METHODS: dict[str, Callable[..., Any]] = {}  # what has been declared: Tensor.f
FUNCTIONS: dict[str, Callable[..., Any]] = {}  # and torch.f


def function(
    *signatures: str,
    method: bool = True,
    function: bool = True,
    in_place: bool = False,
    aliases: tuple[str, ...] = (),
    page: str = "torch.{}",
    doc: str = "",
) -> Callable[[F], F]:
    """Declare a public function.

    Args:
        signatures: as PyTorch prints them; several are its overloads. Types: Tensor, Tensor[], int, int[], int[2] (an
            int stands for two), float, Scalar (a number), bool, str, dtype, any; with ``?`` None passes as well.
            ``Tensor out=None`` at the end lets the function (not the method) write into a tensor.
        method, function: whether it becomes ``Tensor.f``, and ``torch.f``.
        in_place: whether ``Tensor.f_`` is made of it.
        aliases: further names.
        page: PyTorch's page about it, for the docstring.
        doc: the docstring, where the function has none.

    The function is called with the arguments that were given, by place or by the signature's names; where it calls a
    parameter otherwise (``input`` for ``self``), the place counts. An ``Operation`` is given all its arguments.
    """
    name = signatures[0].partition("(")[0]

    def declare(body: Any) -> Any:
        if in_place:
            from .templates import in_place as changing

            body.__name__ = name
            names = {called + "_" for called in (name, *aliases)}
            described = f"``{name}`` in place."
            METHODS.update(
                dict.fromkeys(names, _reading(name + "_", changing(body), body, signatures, True, "", described))
            )
        made = as_method = _reading(name, body, body, signatures, False, page.format(name), doc)
        if method:
            as_method = _reading(name, body, body, signatures, True, page.format(name), doc)
            METHODS.update(dict.fromkeys((name, *aliases), as_method))
        if function:
            made.__module__ = "minigrad"  # where pickle finds it
            FUNCTIONS.update(dict.fromkeys((name, *aliases), made))
        return made if function or not method else as_method

    return declare


def _reading(
    name: str, run: Any, body: Any, signatures: tuple[str, ...], method: bool, page: str, doc: str = ""
) -> Callable[..., Any]:
    """``run`` behind its signatures; its parameters are those of ``body``."""
    ways: dict[tuple[Any, ...], Way] = {}  # how arguments of these types are passed on, where no look at them is needed
    parsed: list[Signature] = []  # when they are first needed: importing has no time for it
    likely: dict[tuple[Any, ...], Signature] = {}  # the signature that arguments of these types matched

    def call(*args: Any, **named: Any) -> Any:
        count = len(args)
        if named:
            types: Any = (*map(type, args), *named, *map(type, named.values()))
        elif count == 1:
            types = (type(args[0]),)
        elif count == 2:
            types = type(args[0]), type(args[1])  # faster than the general way
        else:
            types = tuple(map(type, args))
        way = ways.get(types)
        try:
            if way is None:
                args, named = read(types, args, named)
                if "out" in named:
                    out = named.pop("out")
                    return _write(name, out, (*args, *named.values()), run(*args, **named))
            elif way is not _unchanged:
                args, named = way(args, named)
            return run(*args, **named)
        except Exception as error:
            notes.told(error)
            raise

    def read(types: tuple[Any, ...], args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        nonlocal run
        if not parsed:
            run = getattr(run, "run", run)  # a row as a function
            texts = [text for text in signatures if not (method and "(Scalar self" in text)]
            parsed.extend([Signature(name, text, body, method) for text in texts])
        rest = _after_self(name, parsed, args, named) if method else args
        match: Any = ""
        for signature in (likely[types], *parsed) if types in likely else parsed:
            match = signature.match(rest, named)
            if type(match) is tuple:
                likely[types] = signature
                break
        else:
            raise TypeError(match if len(parsed) == 1 else _mismatch(name, parsed, rest, named))
        values, more = match
        if more.get("out", NONE) is None:
            del more["out"]
        values = [*args[:method], *values]
        way = _way(args, named, values, more)
        if way and not {tuple, list, dtypes.Size} & {*types}:  # their elements have to be looked at every time
            ways[types] = way
        return values, more

    call.__name__ = call.__qualname__ = name
    call.__module__, call.__wrapped__ = body.__module__, body  # type: ignore[attr-defined]
    call.operation = getattr(body, "operation", body)  # type: ignore[attr-defined]
    where = page or f"torch.Tensor.{name}"
    call.__doc__ = f"{doc or body.__doc__}\n\nSee https://docs.pytorch.org/docs/stable/generated/{where}.html\n"
    return call


def _way(args: tuple[Any, ...], named: dict[str, Any], values: list[Any], more: dict[str, Any]) -> Way | None:
    """How arguments are passed on, if that follows from their types: as they are, or with integers made a tuple."""
    if len(values) < len(args):
        first = len(values) - 1
        if not named and not more and all(type(size) is int for size in args[first:]):
            return lambda args, named: ((*args[:first], args[first:]), named)
        return None
    if len(values) > len(args) or list(more) != list(named) or "out" in named:
        return None
    given, passed = dict(enumerate(args)) | named, dict(enumerate(values)) | more
    changed: list[Any] = [key for key, value in given.items() if passed[key] is not value]
    if not changed:
        return _unchanged
    key, *others = changed
    if others or type(given[key]) is not int or type(passed[key]) is not tuple:
        return None
    length = len(passed[key])
    if type(key) is int:
        return lambda args, named: ((*args[:key], (args[key],) * length, *args[key + 1 :]), named)
    return lambda args, named: (args, named | {key: (named[key],) * length})


def _unchanged(args: Any, named: Any) -> Any:
    return args, named


def _after_self(
    name: str, signatures: list[Signature], args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...]:
    """A method's other arguments."""
    if not args:
        raise TypeError(f"unbound method TensorBase.{name}() needs an argument")
    if not isinstance(args[0], Tensor):
        what = f"'torch._C.TensorBase' objects doesn't apply to a '{type(args[0]).__name__}' object"
        raise TypeError(f"descriptor '{name}' for {what}")
    if len(signatures) == 1 and not signatures[0].parameters and (named or len(args) > 1):
        refused = "no keyword arguments" if named else f"no arguments ({len(args) - 1} given)"
        raise TypeError(f"TensorBase.{name}() takes {refused}")
    return args[1:]


def _write(name: str, out: Any, args: tuple[Any, ...], result: Any) -> Any:
    """Copy a result into ``out=``: a tensor, or several."""
    if grad_mode.state.grad_enabled and any(t.requires_grad for t in _flat((*args, out))):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    for target, source in zip(_flat((out,)), _flat((result,)), strict=True):
        views.check_inplace(target, False)
        for text, names in _EXACT.items():
            if name in names.split() and target.dtype is not source.dtype:
                raise RuntimeError(text.format(target.dtype, source.dtype))
        must_cast(source.dtype, target.dtype)
        check_memory(target._array, [each._array for each in _flat(args) if each.shape == target.shape])
        if target.shape != source.shape:
            if target._array.size:
                notes.warn(
                    "An output with one or more elements was resized since it had shape "
                    f"{list(target.shape)}, which does not match the required output shape {list(source.shape)}. This "
                    "behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they "
                    "have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
                    "elements with t.resize_(0)."
                )
            target._array = np.empty_like(source._array, target._array.dtype)
        np.copyto(target._array, source._array, casting="unsafe")
        target._changed()
    return out


_EXACT = {  # what writes results of its own dtype only, and what PyTorch says of another
    "Found dtype {0.scalar_name} but expected {1.scalar_name}": (
        "abs bitwise_not ceil floor frac neg round sgn sign trunc"
    ),
    "Expected out tensor to have dtype {1.c_name}, but got {0.c_name} instead": (
        "addmm argmax argmin bmm cross diag gather index_add log_softmax matmul mm norm scatter scatter_add "
        "softmax tril triu vector_norm"
    ),
}


def must_cast(result: dtypes.dtype, wanted: dtypes.dtype) -> None:
    """RuntimeError where a result would lose its kind of number in a tensor of this dtype."""
    if result.category > wanted.category:
        names = f"{result.scalar_name} can't be cast to the desired output type {wanted.scalar_name}"
        raise RuntimeError(f"result type {names}")


def _flat(values: Iterable[Any]) -> list[Tensor]:
    """The tensors among values and in the tuples and lists among them."""
    flat = [item for value in values for item in (value if isinstance(value, tuple | list) else (value,))]
    return [item for item in flat if isinstance(item, Tensor)]


# Signatures

NONE: Any = object()  # no value: the argument was not given, or is of another type


class Parameter:
    """A parameter: ``int[1]? dim=None`` is a type, a length, whether None passes, a name and a default."""

    def __init__(self, function: str, text: str, index: int) -> None:
        match = re.fullmatch(r"([\w.]+)(\[(\d*)\])?(\??) (\w+)(?:=(.+))?", text)
        assert match, f"{function}: what is {text!r}?"
        kind, several, length, nullable, self.name, self.default = match.groups()
        self.function, self.index, self.length = function, index, int(length or 0)
        self.kind, self.read = _KINDS.get(kind + "[]" if several else kind, (f"torch.{kind}", lambda value, _: value))
        self.value = ast.literal_eval(self.default.replace("[", "(").replace("]", ",)")) if self.default else None
        self.nullable = bool(nullable) or self.default == "None"
        self.names = (self.name, *_NUMPYS.get(self.name, ()))
        self.text = f"{self.kind} {self.name}" + (f" = {self.default}" if self.default else "")

    def wrong(self, value: Any, position: int) -> str:
        """PyTorch's words for a value of another type; position 0: it was given by name."""
        what = f"{self.function}(): argument '{self.name}'{f' (position {position})' if position else ''} must be"
        if position and self.kind == "tuple of ints" and isinstance(value, tuple | list):
            return f"{what} {self.kind}, but found element of type {kind_name(value[0])} at pos 0"
        return f"{what} {self.kind}, not {kind_name(value)}"


class Signature:
    """One of a function's signatures, as it is for the function or, without the first parameter, the method."""

    def __init__(self, function: str, text: str, body: Any, method: bool) -> None:
        texts = text[text.index("(") + 1 : -1].split(", ") if not text.endswith("()") else []
        keyword_only = texts.index("*") if "*" in texts else len(texts)
        self.function, self.positional = function, keyword_only - method
        self.parameters = [
            Parameter(function, part, place)
            for place, part in enumerate(part for part in texts if part != "*")
            if place >= method and not (method and part.endswith(" out=None"))
        ]
        self.least = len([parameter for parameter in self.parameters if parameter.default is None])
        self.packs = self.positional == 1 and self.parameters[0].kind == "tuple of ints"  # x.view(2, 3)
        self.shown = [parameter.text for parameter in self.parameters]
        if self.positional < len(self.parameters):
            self.shown.insert(self.positional, "*")
        self.shown = self.shown or [""]
        self.complete = hasattr(body, "params")  # an Operation is given all its arguments
        names = body.params if self.complete else _parameters(body)
        # What the body calls each, and whether it stands in the same place there.
        self.passed = [
            (names[place], True)
            if place < min(len(names), keyword_only) and parameter.name not in names
            else (parameter.name, place >= len(names) or names[place] == parameter.name)
            for place, parameter in enumerate(self.parameters, method)
        ]

    def match(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[list[Any], dict[str, Any]] | str:
        """The arguments as the body is called with them; or what is wrong with them, in PyTorch's words."""
        count, found = len(args), 0
        if self.packs and count and _int(args[0], None) is not NONE:
            args, count = (args,), 1
        if count > self.positional:
            return self._too_many(count)
        values: list[Any] = []
        more: dict[str, Any] = {}
        for place, (parameter, (name, in_place)) in enumerate(zip(self.parameters, self.passed, strict=True)):
            value = args[place] if place < count else NONE
            if value is NONE and named:
                value = next((named[known] for known in parameter.names if known in named), NONE)
                found += value is not NONE
                if value is NONE and parameter.name == "dtype" and isinstance(named.get("out"), Tensor):
                    value = named["out"].dtype  # what is written into a tensor is computed in its dtype
            if value is NONE:
                if parameter.default is None:
                    return self._missing(place)
                if not self.complete or parameter.name == "out":
                    continue
                value = parameter.value
            elif value is not None or not parameter.nullable:
                given, value = value, parameter.read(value, parameter)
                if value is NONE:
                    return parameter.wrong(given, place + 1 if place < count else 0)
            if (self.complete and parameter.name != "out") or (in_place and place < count and not more):
                values.append(value)
            else:
                more[name] = value
        return self._unexpected(count, named) if found < len(named) else (values, more)

    def _too_many(self, count: int) -> str:
        most = self.positional
        if self.least != most:
            return f"{self.function}() takes from {self.least} to {most} positional arguments but {count} were given"
        plural, were = "s" if most != 1 else "", "were" if count != 1 else "was"
        return f"{self.function}() takes {most} positional argument{plural} but {count} {were} given"

    def _missing(self, place: int) -> str:
        names = [f'"{parameter.name}"' for parameter in self.parameters[place:] if parameter.default is None]
        plural = "s" if len(names) == 1 else ""  # PyTorch has it the wrong way round
        return f"{self.function}() missing {len(names)} required positional argument{plural}: {', '.join(names)}"

    def _unexpected(self, count: int, named: dict[str, Any]) -> str:
        names = [parameter.name for parameter in self.parameters]
        for name in named:
            if name in names[:count]:
                return f"{self.function}() got multiple values for argument '{name}'"
            if name not in names:
                break
        return f"{self.function}() got an unexpected keyword argument '{name}'"

    def difference(self, args: tuple[Any, ...], named: dict[str, Any]) -> str:
        """Why as many arguments as are shown do not match; a parameter with a default is read amiss by PyTorch, too."""
        kinds, names = zip(*(text.rpartition(" ")[::2] for text in self.shown), strict=True)
        unknown = [name for name in named if name not in names[len(args) :]]
        if unknown:
            return f"keywords were incorrect: {', '.join(unknown)}"
        types: list[str] = []
        for kind, name, value in zip(kinds, names, (*args, *(named[name] for name in names[len(args) :])), strict=True):
            shown = f"{name}={_described(value)}" if len(types) >= len(args) else _described(value)
            fits = kind == kind_name(value) or (kind == "float" and type(value) is int)
            types.append(shown if fits else f"!{shown}!")
        return f"arguments have invalid types: ({', '.join(types)}{'' if args else ', '})"


def _described(value: Any) -> str:
    if isinstance(value, list):
        return f"list of [{', '.join(map(kind_name, value))}]"
    if isinstance(value, tuple):
        return f"tuple of ({', '.join(map(kind_name, value))}{',' if len(value) == 1 else ''})"
    return kind_name(value)


def _mismatch(name: str, signatures: list[Signature], args: tuple[Any, ...], named: dict[str, Any]) -> str:
    """PyTorch's words for arguments that match none of several signatures."""
    given = len(args) + len(named)
    plausible = [one for one in signatures if one.least <= given <= len(one.parameters)]
    if len(plausible) == 1:
        return str(plausible[0].match(args, named))
    types = [*map(kind_name, args), *(f"{key}={kind_name(value)}" for key, value in named.items())]
    lines = [f"got ({', '.join(types)}{', ' if named and not args else ''}), but expected one of:"]
    for signature in signatures:
        lines.append(f" * ({', '.join(signature.shown)})")
        if given == len(signature.shown):
            lines.append(f"      didn't match because some of the {signature.difference(args, named)}")
    return f"{name}() received an invalid combination of arguments - " + "\n".join([*lines, ""])


def _parameters(body: Any) -> tuple[str, ...]:
    code = body.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


# The types of a signature: PyTorch's name for each, and how a value is read: converted, or NONE if it is none.


def _int(value: Any, _: Any) -> Any:
    if type(value) is int:
        return value
    if _is_constant(value):
        return value.item() if value._array.dtype.kind in "iu" else NONE
    return int(value) if isinstance(value, int | np.integer) and type(value) is not bool else NONE


def _number(value: Any, _: Any) -> Any:
    if _is_constant(value) or isinstance(value, np.number | np.bool_):
        return value.item()
    return value if isinstance(value, int | float) else NONE


def _float(value: Any, _: Any) -> Any:
    number = _number(value, _)
    return number if number is NONE or type(number) is float else float(number)


def _is_constant(value: Any) -> bool:
    """Whether it is a tensor that passes for a number."""
    return isinstance(value, Tensor) and not value._array.ndim and not value.requires_grad


def _tensor(value: Any, parameter: Parameter) -> Any:
    if isinstance(value, Tensor) or (is_number(value) and _ARITHMETIC.fullmatch(parameter.function)):
        return value
    return NONE


def _tensors(value: Any, parameter: Parameter) -> Any:
    if not isinstance(value, tuple | list):
        return NONE
    for place, item in enumerate(value):
        if not isinstance(item, Tensor):
            where = f"element {place} in argument {parameter.index}"
            raise TypeError(f"expected Tensor as {where}, but got {kind_name(item)}")
    return value


def _ints(value: Any, parameter: Parameter) -> Any:
    if not isinstance(value, tuple | list):
        number = _int(value, None) if parameter.length else NONE
        return NONE if number is NONE else (number,) * parameter.length
    numbers = [int(item) if type(item) is bool else _int(item, None) for item in value]
    if value and (type(value[0]) is bool or numbers[0] is NONE):
        return NONE
    for place, item in enumerate(value, 1):
        if numbers[place - 1] is NONE:
            raise TypeError(
                f"{parameter.function}(): argument '{parameter.name}' failed to unpack the object at pos {place} with "
                f'error "type must be tuple of ints,but got {kind_name(item)}"'
            )
    return tuple(numbers)


def _dtype(value: Any, _: Any) -> Any:
    if isinstance(value, dtypes.dtype):
        return value
    return _PYTHONS.get(value, NONE) if isinstance(value, type) else NONE


def _only(kind: Any) -> Callable[[Any, Any], Any]:
    return lambda value, _: value if isinstance(value, kind) else NONE


_ARITHMETIC = re.compile("(add|sub(tract)?|mul(tiply)?|(true_|floor_)?div(ide)?|copy)_?")  # of numbers, too
_PYTHONS: dict[type, dtypes.dtype] = {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool_}
_NUMPYS = {
    "dim": ("axis",),
    "keepdim": ("keepdims",),
    "input": ("x", "a", "x1"),
    "other": ("x2",),
}  # numpy's names for the same
_KINDS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Tensor": ("Tensor", _tensor),
    "Tensor[]": ("tuple of Tensors", _tensors),
    "int": ("int", _int),
    "int[]": ("tuple of ints", _ints),
    "float": ("float", _float),
    "Scalar": ("Number", _number),
    "bool": ("bool", _only(bool)),
    "str": ("str", _only(str)),
    "dtype": ("torch.dtype", _dtype),
    "device": ("torch.device", _only(str | dtypes.device)),
    "any": ("object", lambda value, _: value),
}


def is_number(value: Any) -> bool:
    """Whether it is a Python or numpy number (a bool is one)."""
    return isinstance(value, int | float | np.number | np.bool_)


# Dimensions and shapes


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front; IndexError where there is none."""
    limit = max(ndim, 1)
    if not -limit <= dim < limit:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})")
    return dim + limit if dim < 0 else dim


def wrap_dims(dim: int | Iterable[int] | None, ndim: int) -> tuple[int, ...]:
    """Several dimensions counted from the front; None and () mean all of them."""
    if dim is None:
        return tuple(range(ndim))
    if isinstance(dim, int):
        dim = wrap_dim(dim, ndim)
        return (dim,) if ndim else ()
    dims = tuple(wrap_dim(d, ndim) for d in dim)
    for place, d in enumerate(dims):
        if d in dims[:place]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return (dims if ndim else ()) or tuple(range(ndim))


def infer_shape(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with its one -1 filled in, checked against the number of elements."""
    known, open_at = 1, None
    for place, length in enumerate(shape):
        if length == -1:
            if open_at is not None:
                raise RuntimeError("only one dimension can be inferred")
            open_at = place
        elif length < 0:
            raise RuntimeError(f"invalid shape dimension {length} at index {place} of shape {list(shape)}")
        else:
            known *= length
    if open_at is not None and known == 0 and size == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    if known == size or (open_at is not None and known > 0 and size % known == 0):
        return tuple(size // known if length == -1 else length for length in shape)
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")


def broadcast_error(a: tuple[int, ...], b: tuple[int, ...]) -> RuntimeError:
    """PyTorch's words for two shapes that do not broadcast."""
    width = max(len(a), len(b))
    for from_end, (x, y) in enumerate(zip_longest(reversed(a), reversed(b), fillvalue=1), 1):
        if x != y and 1 not in (x, y):
            return RuntimeError(
                f"The size of tensor a ({x}) must match the size of tensor b ({y}) at non-singleton dimension "
                f"{width - from_end}"
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not broadcast")


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that two shapes broadcast to; RuntimeError where they do not."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        raise broadcast_error(a, b) from None
