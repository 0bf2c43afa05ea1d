"""The oracle: the same code runs on minigrad and on PyTorch 2.13, and everything that can be seen must agree.

One operation is one line. The code sees `torch`, `F` (torch.nn.functional), `nn`, `np`, `math`, `inf`, `nan` and the
inputs; it is an expression, or statements separated by ; or newlines of which the last is an expression:

    agree("x.exp()", x=(2, 3))                                   # a shape: float32, drawn from (-2, 2), requires grad
    agree("torch.add(x, y, alpha=2)", x=(2, 1), y=(3,))
    agree("x.log()", x=given((2, 3), low=0.1, dtype="float64"))  # see `given` for all it can make
    agree("x.sign()", x=[-1.0, 0.0, math.nan])                   # a list: these values (floats require grad)
    agree("y = x.clone(); y.mul_(2); y", x=())                   # in place
    agree("x + y", x=(2, 3), y=(4,))                             # an error: its type and its text
    agree("x.exp()", x=(2, 3), but="saved graph")                # what is known to differ, said in the test

    @pytest.mark.parametrize("code", ["x.exp()", "x.log1p()"])
    def test_pointwise(code): agree(code, x=given((2, 3), low=0.1))

Of every tensor that comes out it compares value (signs of zeros too), dtype, shape, stride, requires_grad, is_leaf,
_is_view(), _version, the graph behind grad_fn down to the inputs ("graph") and what its nodes save ("saved"); then the
gradients of all inputs for a fixed cotangent ("grad"), in float64 the graph of the gradients under create_graph
("gradgraph") and the second gradients ("double"), and the warnings ("warnings"). The words in quotes, and "stride",
"view", "version", "grad_error" and "double_error", are what `but` may name.

A whole program is compared by what it prints and by the tensors it leaves behind:

    program('''
        x = torch.ones(3, requires_grad=True)
        y = (x * 2).sum()
        y.backward()
        print(x.grad, y)
    ''')

What PyTorch answered is recorded in recorded/<test module>.json, so that the tests run without it. Where PyTorch 2.13
is installed it is asked again, and must answer what is recorded. To record: `python -m tests.minigrad.record [files]`.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import math
import re
import sys
import textwrap
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import minigrad

RECORDED = Path(__file__).parent / "recorded"
PYTORCH = "2.13"

try:
    import torch as pytorch
except ImportError:
    pytorch = None  # type: ignore[assignment]
else:
    if pytorch.__version__.startswith(PYTORCH):
        pytorch.set_warn_always(True)  # or a warning would only be seen by the first test that meets it
    else:
        pytorch = None  # type: ignore[assignment]

Json = Any
recording: dict[str, dict[str, Json]] | None = None  # module -> case -> answer, while tests.minigrad.record runs
_known: dict[str, dict[str, Json]] = {}


def agree(code: str, *, but: str = "", **inputs: Any) -> None:
    """Fail unless ``code`` gives on minigrad what it gives on PyTorch. See the top of this file.

    Args:
        code: an expression, or statements that end with one.
        but: observables, separated by spaces, that are known to differ here.
        inputs: by name a shape, a list of values, or `given(...)`.
    """
    specs = {name: spec if isinstance(spec, given) else given(spec) for name, spec in inputs.items()}
    case = code if not specs else f"{code}  # {', '.join(f'{name}={spec}' for name, spec in specs.items())}"
    coarsest = min((spec.dtype for spec in specs.values() if spec.dtype in _TOLERANCE), default=None)
    _compare(case, lambda torch: _observe_code(torch, code, specs), but, coarsest)


def program(source: str, *, but: str = "") -> None:
    """Fail unless the program prints the same on minigrad and on PyTorch and leaves the same tensors behind.

    It sees `torch`, `F`, `nn`, `np` and `math`. An error that ends it is compared as well.
    """
    source = textwrap.dedent(source).strip()
    _compare(source, lambda torch: observe_program(torch, source), but)


class given:
    """How to make an input: ``given((2, 3), dtype="int64", low=0, high=5)``.

    Args:
        values: a shape, to be filled with numbers that depend on it and on the input's name; or a list of values.
        dtype: the dtype's name; by default float32, or int64 or bool for a list of these.
        low, high: the range to draw from. (Integers: high excluded. Bools: ignored.)
        layout: "contiguous"; "transposed", the memory in reverse order of dimensions; "step", every second element.
        grad: whether it requires grad, if it is a floating one.
    """

    def __init__(
        self,
        values: Any,
        dtype: str = "",
        low: float = -2,
        high: float = 2,
        *,
        layout: str = "contiguous",
        grad: bool = True,
    ) -> None:
        if not dtype:
            kind = "f" if isinstance(values, tuple) else np.asarray(values).dtype.kind
            dtype = {"f": "float32", "i": "int64", "b": "bool"}[kind]
        self.values, self.dtype, self.low, self.high, self.layout = values, dtype, low, high, layout
        self.grad = grad and dtype.startswith("float")
        self.wants_grad = grad

    def __repr__(self) -> str:
        if self.wants_grad and self.layout == "contiguous" and isinstance(self.values, list):
            plain = {"float": "float32", "int": "int64", "bool": "bool"}
            if {plain.get(type(v).__name__) for v in np.ravel(self.values).tolist()} == {self.dtype}:
                return str(self.values)
        parts = [str(self.values)]
        if self.dtype != "float32":
            parts.append(self.dtype)
        if (self.low, self.high) != (-2, 2):
            parts.append(f"{self.low}..{self.high}")
        if self.layout != "contiguous":
            parts.append(self.layout)
        if not self.wants_grad:
            parts.append("no grad")
        return parts[0] if len(parts) == 1 else f"given({', '.join(parts)})"

    def array(self, name: str, dtype: str | None = None) -> np.ndarray:
        """The values of the input of this name (another dtype: the same values in it)."""
        if isinstance(self.values, tuple):
            draw = np.random.RandomState(zlib.crc32(f"{name}{self.values}".encode()))
            if self.dtype == "bool":
                values = draw.randint(0, 2, self.values)
            elif self.dtype.startswith("float"):
                values = np.round(draw.uniform(self.low, self.high, self.values), 3)
            else:
                values = draw.randint(int(self.low), int(self.high), self.values)
        else:
            values = self.values
        array = np.array(values, dtype=np.dtype(self.dtype)).astype(np.dtype(dtype or self.dtype))
        if self.layout == "transposed":
            return array.T.copy().T
        if self.layout == "step":
            wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
            wide[..., ::2] = array
            return wide[..., ::2]
        if self.layout != "contiguous":
            raise ValueError(f"no layout {self.layout!r}")
        return array

    def tensor(self, torch: Any, name: str, dtype: str | None = None) -> Any:
        made = torch.from_numpy(self.array(name, dtype))
        return made.requires_grad_() if self.grad else made


# What can be seen


def _observe_code(torch: Any, code: str, specs: dict[str, given]) -> Json:
    """What the code answers, as plain data: outputs, gradients, second gradients, warnings; or the error."""
    seen: dict[str, Json] = {}
    with _fresh(torch) as warned:
        inputs = {name: spec.tensor(torch, name) for name, spec in specs.items()}
        result = _attempt(seen, "error", lambda: _evaluate(torch, code, inputs))
        if "error" not in seen:
            outputs = list(_tensors(torch, result))
            names = {id(tensor): name for name, tensor in inputs.items()}
            seen["result"] = _structure(torch, result)
            seen["tensors"] = [_observe_tensor(torch, tensor, names) for tensor in outputs]
            _attempt(seen, "grad_error", lambda: seen.update(_gradients(torch, outputs, inputs)))
            if "grad" in seen and any(seen["grad"].values()):
                _attempt(seen, "double_error", lambda: seen.update(_double(torch, code, specs)))
    if warned:
        seen["warnings"] = [_warning(entry) for entry in warned]
    return seen


def observe_program(torch: Any, source: str) -> Json:
    """What a program prints and leaves behind, as plain data."""
    seen: dict[str, Json] = {}
    names = _names(torch)
    given_names = set(names)
    printed = io.StringIO()
    with _fresh(torch) as warned, contextlib.redirect_stdout(printed):
        code = compile(source, "<program>", "exec")
        _attempt(seen, "error", lambda: exec(code, names))
        left = {name: value for name, value in names.items() if isinstance(value, torch.Tensor)}
        seen["tensors"] = {}
        for name in sorted(left.keys() - given_names):
            tensor = left[name]
            entry = _observe_tensor(torch, tensor, {id(other): key for key, other in left.items()})
            entry.pop("saved", None)  # mostly freed by now
            if "history" not in entry and (tensor.is_leaf or tensor.retains_grad):
                entry["grad"] = None if tensor.grad is None else _values(tensor.grad)
            seen["tensors"][name] = entry
    seen["printed"] = re.sub(r"0x[0-9a-f]+", "0x…", printed.getvalue()).splitlines()
    if warned:
        seen["warnings"] = [_warning(entry) for entry in warned]
    return seen


@contextlib.contextmanager
def _fresh(torch: Any) -> Iterable[list[warnings.WarningMessage]]:  # type: ignore[misc]
    """Modes as they are at the start of a program, before and after; warnings are collected."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        # numpy's remarks about NaN and infinity, which importing minigrad silences
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.")
        torch.manual_seed(0)
        try:
            yield warned
        finally:
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)


def _names(torch: Any) -> dict[str, Any]:
    """What the code sees."""
    names = {"torch": torch, "np": np, "math": math, "inf": math.inf, "nan": math.nan}
    for name, module in (("nn", "nn"), ("F", "nn.functional")):
        with contextlib.suppress(ImportError):
            names[name] = importlib.import_module(f"{torch.__name__}.{module}")
    return names


def _evaluate(torch: Any, code: str, inputs: dict[str, Any]) -> Any:
    *statements, last = ast.parse(code.strip()).body
    assert isinstance(last, ast.Expr), "the code must end with an expression"
    names = _names(torch) | inputs
    exec(compile(ast.Module(statements, []), "<code>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<code>", "eval"), names)


def _attempt(seen: dict[str, Json], key: str, run: Callable[[], Any]) -> Any:
    """Run it; an exception is noted under ``key`` (and where minigrad raised it under "traceback")."""
    try:
        return run()
    except Exception as error:
        seen[key] = f"{type(error).__name__}: {re.sub(r'0x[0-9a-f]+', '0x…', str(error))}"
        seen["traceback"] = "".join(traceback.format_exception(error)[-12:])
        return None


def _tensors(torch: Any, value: Any) -> Iterable[Any]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(torch, part)


def _structure(torch: Any, value: Any) -> str:
    """What came out, with every tensor as T."""
    if isinstance(value, torch.Tensor):
        return "T"
    if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        return f"{type(value).__name__.split('.')[-1]}({', '.join(_structure(torch, part) for part in value)})"
    return repr(value)


def _observe_tensor(torch: Any, tensor: Any, names: dict[int, str]) -> Json:
    seen = {"value": _values(tensor), "shape": list(tensor.shape), "stride": list(tensor.stride())}
    try:
        tensor.grad_fn  # noqa: B018  (a view whose history cannot be written down says so)
    except RuntimeError as error:
        return {**seen, "history": str(error)}
    if tensor.requires_grad:
        seen["requires_grad"] = True
    if not tensor.is_leaf:
        seen["is_leaf"] = False
    if tensor._is_view():
        seen["view"] = True
    if not tensor.is_inference() and tensor._version:
        seen["version"] = tensor._version
    if tensor.grad_fn is not None:
        seen["graph"], seen["saved"] = _graph(torch, tensor.grad_fn, names)
    return seen


def _graph(torch: Any, root: Any, names: dict[int, str]) -> tuple[str, list[str]]:
    """The nodes from ``root`` on, numbered as met, each with the numbers of those it leads to; and what they save."""
    numbers, nodes = {root: 0}, [root]
    shown, saved = [], []
    for node in nodes:  # grows while it is walked
        ways = []
        for child, index in node.next_functions:
            if child is not None and child not in numbers:
                numbers[child] = len(nodes)
                nodes.append(child)
            ways.append("-" if child is None else f"{numbers[child]}" + (f".{index}" if index else ""))
        name = node.name().removeprefix("torch::autograd::")
        if hasattr(node, "variable"):
            name = names.get(id(node.variable), "leaf")
        shown.append(f"{name}({' '.join(ways)})" if ways else name)
        for attribute in dir(node):
            if attribute.startswith("_saved_"):
                try:
                    value = _saved(torch, getattr(node, attribute))
                except (RuntimeError, TypeError) as error:  # freed, changed in place, or a hook gone wrong
                    value = str(error).split(": ")[0][:60]
                saved.append(f"{name}.{attribute[7:]} {value}")
    return " ".join(shown), saved


def _saved(torch: Any, value: Any) -> str:
    if isinstance(value, torch.Tensor):
        kind = _dtype(value) if value.dim() else ""  # a Python number is a 0-d tensor here: of its own dtype in PyTorch
        return f"{kind}{list(value.shape)}"
    if isinstance(value, tuple | list):
        return f"({', '.join(_saved(torch, part) for part in value)})"
    return repr(value)


def _gradients(torch: Any, outputs: list[Any], inputs: dict[str, Any]) -> Json:
    """The gradient of every input that requires grad, for fixed cotangents of the outputs."""
    outputs = [tensor for tensor in outputs if tensor.requires_grad]
    leaves = {name: tensor for name, tensor in inputs.items() if tensor.requires_grad}
    if not outputs or not leaves:
        return {}
    grads = torch.autograd.grad(outputs, list(leaves.values()), _cotangents(torch, outputs), allow_unused=True)
    return {"grad": dict(zip(leaves, (None if grad is None else _values(grad) for grad in grads), strict=True))}


def _double(torch: Any, code: str, specs: dict[str, given]) -> Json:
    """In float64: the graph of the gradients, and their gradients with respect to inputs and cotangents."""
    inputs = {
        name: spec.tensor(torch, name, "float64" if "float" in spec.dtype else None) for name, spec in specs.items()
    }
    outputs = [tensor for tensor in _tensors(torch, _evaluate(torch, code, inputs)) if tensor.requires_grad]
    leaves = {name: tensor for name, tensor in inputs.items() if tensor.requires_grad}
    for number, cotangent in enumerate(_cotangents(torch, outputs)):
        leaves[f"v{number}"] = cotangent.requires_grad_()
    targets = list(leaves.values())
    firsts = torch.autograd.grad(
        outputs, targets[: len(targets) - len(outputs)], targets[-len(outputs) :], create_graph=True, allow_unused=True
    )
    names = {id(tensor): name for name, tensor in leaves.items()}
    graphs = {
        name: "-" if grad is None or grad.grad_fn is None else _graph(torch, grad.grad_fn, names)[0]
        for name, grad in zip(leaves, firsts, strict=False)
    }
    firsts = [grad for grad in firsts if grad is not None and grad.requires_grad]
    if not firsts:
        return {"gradgraph": graphs, "double": {}}
    seconds = torch.autograd.grad(firsts, targets, _cotangents(torch, firsts, 1), allow_unused=True)
    values = {name: None if grad is None else _values(grad) for name, grad in zip(leaves, seconds, strict=True)}
    return {"gradgraph": graphs, "double": values}


def _cotangents(torch: Any, outputs: Iterable[Any], seed: int = 0) -> list[Any]:
    made = []
    for number, tensor in enumerate(outputs):
        draw = np.random.RandomState(zlib.crc32(f"{seed} {number} {tuple(tensor.shape)}".encode()))
        values = np.round(draw.uniform(0.5, 2, tuple(tensor.shape)), 2)
        made.append(torch.from_numpy(np.array(values, dtype=np.dtype(_dtype(tensor)))))
    return made


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _values(tensor: Any) -> Json:
    """dtype, shape and numbers: ["float32", [2], [1.0, 2.0]]; rounded to what the dtype can hold."""
    digits = {"float16": 5, "float32": 8, "float64": 12}.get(_dtype(tensor))
    flat = tensor.detach().numpy(force=True).reshape(-1).tolist()
    return [_dtype(tensor), list(tensor.shape), [float(f"{v:.{digits}g}") for v in flat] if digits else flat]


def _warning(entry: warnings.WarningMessage) -> str:
    return f"{entry.category.__name__}: {re.sub(r' ?[(]Triggered internally at .*', '', str(entry.message))}"


# Comparing


def _compare(case: str, observe: Callable[[Any], Json], but: str, coarsest: str | None = None) -> None:
    module = _test_module()
    ignored = set(but.split())
    answer = json.loads(json.dumps(_without_traceback(observe(pytorch)))) if pytorch is not None else None
    if recording is not None:
        recording.setdefault(module, {})[case] = _without(answer, ignored)
    known = _recorded(module).get(case) if recording is None else answer
    if known is None:
        raise AssertionError(f"not recorded: {case}\nRun: python -m tests.minigrad.record tests/minigrad/{module}.py")
    if answer is not None:
        changed = differences(known, answer, ignored, coarsest=coarsest)
        if changed:
            raise AssertionError(f"PyTorch does not answer what is recorded: {case}\n" + "\n".join(changed))
    ours = observe(minigrad)
    answer = json.loads(json.dumps(_without_traceback(ours)))
    if (answer.get("error"), known.get("error")) != (None, None) and "printed" not in known:  # the rest says little
        answer, known = {"error": answer.get("error")}, {"error": known.get("error")}
    found = differences(answer, known, ignored, coarsest=coarsest)
    if found:
        found.append(ours.get("traceback", ""))
        raise AssertionError(f"{case}\n" + "\n".join(found))


def differences(
    ours: Json, theirs: Json, ignored: Iterable[str] = (), where: str = "", coarsest: str | None = None
) -> list[str]:
    """Where two observations differ, a line each: minigrad's first. Numbers are as exact as the coarsest dtype."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            line
            for key in sorted(ours.keys() | theirs.keys())
            if key not in ignored
            for line in differences(ours.get(key), theirs.get(key), ignored, f"{where} {key}", coarsest)
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        if len(ours) == 3 and isinstance(ours[2], list) and isinstance(ours[0], str):
            exact_zeros = not where.startswith(" double")  # the sum of many terms: their order decides
            same = ours[:2] == theirs[:2] and _close(ours[2], theirs[2], ours[0], coarsest, exact_zeros)
            return [] if same else _line(where, ours, theirs)
        if any(isinstance(part, dict | list) for part in (*ours, *theirs)):
            pairs = enumerate(zip(ours, theirs, strict=True))
            return [line for i, (a, b) in pairs for line in differences(a, b, ignored, f"{where}[{i}]", coarsest)]
    return [] if ours == theirs else _line(where, ours, theirs)


def _line(where: str, ours: Json, theirs: Json) -> list[str]:
    return [f" {where.strip()}:", f"    minigrad {ours}", f"    PyTorch  {theirs}"]


# "float16" < "float32" < "float64": relative and absolute
_TOLERANCE = {"float16": (2e-3, 1e-3), "float32": (1e-5, 1e-6), "float64": (1e-8, 1e-9)}


def _close(ours: list[Any], theirs: list[Any], dtype: str, coarsest: str | None, exact_zeros: bool) -> bool:
    if dtype not in _TOLERANCE or len(ours) != len(theirs):
        return ours == theirs
    a, b = np.array(ours, dtype="f8"), np.array(theirs, dtype="f8")
    relative, absolute = _TOLERANCE[min(dtype, coarsest or dtype)]
    same_zeros = (np.signbit(a) == np.signbit(b)) | (a != 0) | (b != 0)
    return bool((np.all(same_zeros) or not exact_zeros) and np.allclose(a, b, relative, absolute, equal_nan=True))


def _without_traceback(seen: Json) -> Json:
    return {key: value for key, value in seen.items() if key != "traceback"}


def _without(answer: Json, ignored: set[str]) -> Json:
    """An observation without what is not compared."""
    if isinstance(answer, dict):
        return {key: _without(value, ignored) for key, value in answer.items() if key not in ignored}
    return [_without(value, ignored) for value in answer] if isinstance(answer, list) else answer


def _test_module() -> str:
    """The name of the test module that called."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__:
        frame = frame.f_back  # type: ignore[assignment]
    return Path(frame.f_code.co_filename).stem


def _recorded(module: str) -> dict[str, Json]:
    if module not in _known:
        path = RECORDED / f"{module}.json"
        _known[module] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return _known[module]


def write_recordings() -> None:
    """Store what was asked while ``recording``, a line a case, in order."""
    RECORDED.mkdir(exist_ok=True)
    for module, cases in (recording or {}).items():
        lines = [f"{_compact(case)}: {_compact(cases[case])}" for case in sorted(cases)]
        (RECORDED / f"{module}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def torch_module() -> ModuleType:
    """PyTorch itself, for tests that have no recording (programs made by Hypothesis)."""
    assert pytorch is not None, f"PyTorch {PYTORCH} is not installed"
    return pytorch
