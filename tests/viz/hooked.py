"""What PyTorch's engine does in a program: hooks on every node of the real graph, and on every leaf's accumulation.

``python -m tests.viz.hooked`` writes it down for every program, for where PyTorch is not installed.
"""

from __future__ import annotations

import contextlib
import io
import json
import lzma
import re
import tempfile
import textwrap
import warnings
from pathlib import Path
from typing import Any

from viz.cast import CELLS
from viz.recorder import short_name

HERE = Path(__file__).parent
RECORDED = HERE / "hooked.json.xz"
# The topics of the five documents, in programs of our own, as they are run with PyTorch.
DOCUMENTS = dict(
    part.split("\n", 1) for part in re.split(r"^## ", (HERE / "documents.txt").read_text("utf-8"), flags=re.M)[1:]
)
_IMPORTS = {"torchviz": "viz", "torch": "minigrad"}


def ours(source: str) -> str:
    """The program with this kit in place of PyTorch."""
    source = re.sub(r"^import torch$", "import minigrad as torch", source, flags=re.M)
    return re.sub(r"^(import|from) (torchviz|torch)\b", lambda m: f"{m[1]} {_IMPORTS[m[2]]}", source, flags=re.M)


def seen_by_hooks(source: str) -> list[tuple[str, list[Any], list[Any]]]:
    """(node, gradients in, gradients out) in the order PyTorch's engine runs them; of an AccumulateGrad, what arrives
    and what .grad is then."""
    import torch

    seen: list[tuple[str, list[Any], list[Any]]] = []
    hooked: set[Any] = set()

    def watch(*roots: Any) -> None:
        # A leaf has no grad_fn, but an accumulator at which its gradient edge ends.
        stack = [torch.autograd.graph.get_gradient_edge(tensor).node for tensor in roots if tensor.requires_grad]
        while stack:
            node = stack.pop()
            if node is None or node in hooked:
                continue
            hooked.add(node)
            node.register_hook(lambda out, into, node=node: note(node, into, out))
            stack += [child for child, _ in node.next_functions]

    def note(node: Any, into: Any, out: Any) -> None:
        # PyTorch calls this before it sums a gradient over broadcast dimensions: fit it to its destination.
        if node.name().endswith("AccumulateGrad"):
            out = (node.variable.grad,)
        seen.append((short_name(node), [arrayed(g) for g in into], [arrayed(g) for g in out]))

    def arrayed(gradient: Any) -> Any:
        return None if gradient is None else gradient.detach().numpy().copy()

    real_backward, real_grad = torch.Tensor.backward, torch.autograd.grad

    def backward(self: Any, *args: Any, **kwargs: Any) -> None:
        watch(self)
        real_backward(self, *args, **kwargs)

    def grad(outputs: Any, *args: Any, **kwargs: Any) -> Any:
        watch(*(outputs if isinstance(outputs, tuple | list) else (outputs,)))
        return real_grad(outputs, *args, **kwargs)

    torch.Tensor.backward, torch.autograd.grad = backward, grad  # type: ignore[method-assign,assignment]
    torch.manual_seed(0)
    try:
        with quiet():
            exec(textwrap.dedent(source), {"torch": torch, "__name__": "cell"})
    except Exception:  # several programs are meant to fail; what ran before is compared
        pass
    finally:
        torch.Tensor.backward, torch.autograd.grad = real_backward, real_grad  # type: ignore[method-assign]
    return seen


@contextlib.contextmanager
def quiet() -> Any:
    """What a program prints, warns of and writes goes nowhere."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
    ):
        warnings.simplefilter("ignore")
        yield


def small(array: Any) -> Any:
    """An array for JSON: numbers of a small one, the shape of a large one."""
    if array is None:
        return None
    return {"shape": list(array.shape), "numbers": array.ravel().tolist() if array.size <= CELLS else None}


def everything() -> dict[str, str]:
    from tests.viz.recorded import PROGRAMS

    return {**PROGRAMS, **DOCUMENTS}


def record() -> None:
    found = {
        name: [(node, [small(g) for g in into], [small(g) for g in out]) for node, into, out in seen_by_hooks(source)]
        for name, source in everything().items()
    }
    RECORDED.write_bytes(lzma.compress(json.dumps(found).encode(), preset=9))


def recorded() -> dict[str, list[Any]]:
    return json.loads(lzma.decompress(RECORDED.read_bytes()))


if __name__ == "__main__":
    record()
