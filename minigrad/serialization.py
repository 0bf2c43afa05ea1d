"""save and load: tensors, and dicts, lists and tuples of them, in a file that executes nothing when it is read.

The file is numpy's npz: the arrays, and beside them a JSON text that says how they were put together. PyTorch's own
files are pickles, which run code while they are loaded; they are refused.

See https://docs.pytorch.org/docs/stable/generated/torch.save.html
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from typing import IO, Any

import numpy as np

from .dtypes import Size
from .tensor import Tensor

_FORMAT = "minigrad 1"
_PLAIN = (str, int, float, bool, type(None))
_CONTAINERS: dict[str, type] = {kind.__name__: kind for kind in (list, tuple, Size, dict, OrderedDict)}


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write tensors, or dicts, lists, tuples, numbers and strings with tensors in them, to a file.

    A tensor that occurs twice is one tensor again when it is loaded.

    Raises:
        TypeError: there is anything else in it; the message says where.

    >>> import io
    >>> import minigrad as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    import json  # when wanted: importing minigrad stays fast

    arrays: list[np.ndarray] = []
    text = json.dumps({"format": _FORMAT, "content": _described(obj, arrays, {}, "obj")})
    content = {"content": np.array(text), **{str(number): array for number, array in enumerate(arrays)}}
    with _opened(f, "wb") as file:
        np.savez(file, **content)  # type: ignore[arg-type]


def load(f: str | os.PathLike[str] | IO[bytes], map_location: Any = None, *, weights_only: bool | None = None) -> Any:
    """What `save` wrote. Nothing of the file is executed, whatever ``weights_only`` says.

    Raises:
        ValueError: the file was not written by `save`.

    See https://docs.pytorch.org/docs/stable/generated/torch.load.html
    """
    import json

    with _opened(f, "rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            described = json.loads(str(archive["content"]))
            if described["format"] != _FORMAT:
                raise ValueError(described["format"])
            arrays = {name: archive[name] for name in archive.files if name != "content"}
            return _rebuilt(described["content"], arrays, {})
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, OSError) as error:
            raise ValueError(
                "this is not a file that minigrad's save() wrote. Files of torch.save() are pickles, which can run any "
                "code when they are loaded: convert them in PyTorch, for example with numpy.savez."
            ) from error


def _described(value: Any, arrays: list[np.ndarray], seen: dict[int, int], where: str) -> Any:
    """A value as JSON: [kind, ...]. Tensors go to ``arrays``."""
    kind = type(value)
    if kind in _PLAIN:
        return ["plain", value]
    if isinstance(value, Tensor):
        if id(value) not in seen:
            seen[id(value)] = len(arrays)
            arrays.append(value._array)
        return ["Tensor" if kind is Tensor else "Parameter", seen[id(value)], value.requires_grad]
    name = kind.__name__
    if _CONTAINERS.get(name) is kind:
        keys = list(value) if issubclass(kind, dict) else range(len(value))
        parts = [_described(value[key], arrays, seen, f"{where}[{key!r}]") for key in keys]
        if issubclass(kind, dict):
            parts = [[_described(key, arrays, seen, where), part] for key, part in zip(keys, parts, strict=True)]
        return [name, parts]
    advice = ": save its state_dict()" if hasattr(value, "state_dict") else ""
    raise TypeError(
        f"save() writes tensors, numbers, strings, and dicts, lists and tuples of them; {where} is a {name}{advice}"
    )


def _rebuilt(described: Any, arrays: dict[str, np.ndarray], made: dict[tuple[Any, ...], Tensor]) -> Any:
    kind, content, *rest = described
    if kind == "plain":
        return content
    if kind in ("Tensor", "Parameter"):
        if (kind, content) not in made:
            tensor = Tensor._plain(arrays[str(content)]).requires_grad_(*rest)
            if kind == "Parameter":
                from .nn.parameter import Parameter

                tensor = Parameter(tensor, *rest)
            made[kind, content] = tensor
        return made[kind, content]
    if issubclass(_CONTAINERS[kind], dict):
        return _CONTAINERS[kind]((_rebuilt(key, arrays, made), _rebuilt(each, arrays, made)) for key, each in content)
    return _CONTAINERS[kind](_rebuilt(each, arrays, made) for each in content)


def _opened(f: Any, mode: str) -> Any:
    return open(f, mode) if isinstance(f, str | os.PathLike) else contextlib.nullcontext(f)
