"""Whole random programs: leaves, operations, views, in-place changes, hooks, modes and backward in all its forms.

``program(seed)`` writes one as a list of statements (Hypothesis: ``programs()``). ``run(torch, statements)`` runs it
and looks, after every statement, at everything a user can see of every tensor; an error is an observation like any
other. So two engines agree on a program when their observations do.

    python -m tests.minigrad.programs 20000 [start]   # compare with the installed PyTorch
    python -m tests.minigrad.programs --show 17       # one program, made as short as possible, and where it differs
    python -m tests.minigrad.programs --record 300    # write down what PyTorch shows, for runs without it
"""

from __future__ import annotations

import json
import lzma
import math
import random
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded" / "programs.json.xz"

SHAPES = ["()", "(1,)", "(3,)", "(2, 3)", "(2, 3)", "(3, 1)", "(3, 2)", "(2, 2, 2)", "(0,)", "(0, 3)"]
VALUES = [0.5, 2.0, -1.0, 1.5, 3.0, -0.25, 1.0, 0.75]
DTYPES = ["float32"] * 12 + ["float64", "int64", "bool", "float16"]
UNARY = [
    "exp", "tanh", "sigmoid", "relu", "neg", "abs", "sin", "cos", "square", "clone", "sqrt", "log", "reciprocal",
    "sign", "round", "contiguous",
]  # fmt: skip
CASTS = [".double()", ".float()", ".half()", ".long()", ".bool()", ".to(torch.float32)"]
BINARY = ["+", "-", "*", "/"]
COMPUTED = [
    "torch.where({a} > 0, {a}, {b})", "{a} > {b}", "torch.cat([{a}, {b}])", "torch.stack([{a}, {b}])", "{a} @ {b}",
    "torch.maximum({a}, {b})", "{a}.clamp(-1, 1)", "{a}.masked_fill({a} > 0, 2)", "torch.add({a}, {b}, alpha=2)",
    "{a} ** {b}", "{a} ** 2", "{a} ** 0.5", "{a} ** -1", "2 ** {a}", "{a}.softmax(-1)", "{a}.cumsum(0)", "{a}.flip(0)",
    "{a}.repeat(2, 1)", "{a}[{a} > 0]", "{a}[[0, 0]]",
    "torch.zeros_like({a})",
]  # fmt: skip
VIEWS = [
    "[0]", "[-1]", "[:1]", "[1:]", "[..., 0]", "[None]", "[...]", "[:, 0]", "[:, 1:]", "[::2]", "[0:0]", ".view(-1)",
    ".t()", ".T", ".unsqueeze(0)", ".squeeze()", ".reshape(-1)", ".detach()", ".transpose(0, -1)", ".expand(2, 3)",
    ".flatten()", ".diagonal()", ".unbind()[0]", ".unbind()[-1]", ".chunk(2)[0]", ".split(1)[-1]", ".split([1, 2])[1]",
    ".narrow(0, 0, 1)", ".view(3, -1)", ".data", ".view_as({b})", ".permute(1, 0)", ".select(0, 0)",
]  # fmt: skip
REDUCTIONS = [
    ".sum()", ".mean()", ".sum(0)", ".sum(-1, keepdim=True)", ".mean(0)", ".max()", ".prod()", ".norm()", ".max(0)[0]",
    ".amax(-1)", ".var(0)", ".std()", ".logsumexp(0)", ".any()", ".argmax()",
]  # fmt: skip
INPLACE = [
    "{a}.add_({b})", "{a}.mul_({b})", "{a} += {b}", "{a} *= {k}", "{a}.sub_({b}, alpha=2)", "{a}.exp_()", "{a}.zero_()",
    "{a}.tanh_()", "{a}[0] = {k}", "{a}[0] = {b}", "{a}[...] = {b}", "{a}.copy_({b})", "{a}.fill_({k})", "{a} /= {k}",
    "{a}[:1].mul_({k})", "{a}.data.add_({k})", "{a}.detach().mul_({k})", "{a}.detach_()", "{a}.relu_()", "{a}.pow_(2)",
    "{a}[[0]] = {k}", "{a}[{a} > 0] = {k}", "{a}[:, 0] = {b}", "{a}[1:] += {b}", "{a}.t().mul_({b})",
    "{a}.clamp_(-1, 1)", "{a}.masked_fill_({a} > 0, {k})", "{a}.div_({b})", "{a}.neg_()", "{a}.sqrt_()",
    "{a}.unsqueeze_(0)", "{a}.t_()", "{a}.data = {a}.data * 2",
]  # fmt: skip
FUNCTIONS = [
    "Scale.apply({a}, {k})",
    "Product.apply({a}, {b})",
    "Dirty.apply({a})",
    "Same.apply({a})",
    "Part.apply({a})",
]
HOOKS = [
    "{a}.register_hook(lambda g: g * 2)", "{a}.register_hook(lambda g: note(g))", "{a}.register_hook(lambda g: None)",
    "{a}.grad_fn.register_hook(lambda i, o: note(i, o))", "{a}.grad_fn.register_prehook(lambda o: note(o))",
    "{a}.grad_fn.register_hook(lambda i, o: tuple(None if g is None else g * 2 for g in i))",
    "{a}.grad_fn.register_prehook(lambda o: tuple(None if g is None else g * 3 for g in o))",
    "{a}.register_post_accumulate_grad_hook(lambda p: note(p.grad))",
    "{a}.register_post_accumulate_grad_hook(lambda p: setattr(p, 'grad', None))",
]  # fmt: skip
ONES = "torch.ones_like({a})"
BACKWARD = [
    "{a}.sum().backward({o})", "{a}.sum().backward({o})", "{a}.backward(" + ONES + ", {o})", "{a}.backward({o})",
    "{a}.sum().backward({o}, inputs=[{b}])", "torch.autograd.backward([{a}.sum(), {b}.sum()], {o})",
    "torch.autograd.backward([{a}, {b}], [torch.ones_like({a}), torch.ones_like({b})], {o})",
    "{a}.sum().backward({o}, inputs=[{b}, {c}])",
    "note(torch.autograd.grad({a}.sum(), [{b}, {c}], {o}, allow_unused=True))",
    "note(torch.autograd.grad(({a} * 2 + {b} * 3).sum(), [{a}, {b}], {o}, allow_unused=True))",
]  # fmt: skip
GRAD = [
    "torch.autograd.grad({a}.sum(), {b}, {o})[0]", "torch.autograd.grad({a}, {b}, torch.ones_like({a}), {o})[0]",
    "torch.autograd.grad({a}.sum(), [{c}, {b}], {o}, allow_unused=True)[1]",
    "torch.autograd.grad({a}.sum(), [{b}, {c}], {o}, materialize_grads=True)[0]",
]  # fmt: skip
OPTIONS = ["retain_graph=True", "retain_graph=True", "create_graph=True", "retain_graph=False", "retain_graph=None"]
MODES = ["torch.no_grad()"] * 4 + ["torch.enable_grad()", "torch.inference_mode()", "torch.set_grad_enabled(False)"]
GRADS = ["{a}.grad = None", "{a}.grad = torch.zeros_like({a})", "{a}.grad = {b}", "{a}.grad.zero_()", "{n} = {a}.grad"]
FLAGS = ["{a}.requires_grad_(True)", "{a}.requires_grad_(False)", "{a}.retain_grad()", "{a}.retain_grad()"]
# How often each kind of statement comes.
KINDS: list[Sequence[str]] = [
    *[["leaf"]] * 3, *[["unary"]] * 6, *[["binary"]] * 6, *[COMPUTED] * 5, *[VIEWS] * 7, *[REDUCTIONS] * 3,
    *[INPLACE] * 9, *[FUNCTIONS] * 2, *[HOOKS] * 2, *[BACKWARD] * 4, *[GRAD] * 2, *[FLAGS] * 3, GRADS, CASTS,
]  # fmt: skip


def write(pick: Callable[[Sequence[Any]], Any], length: int = 14) -> list[str]:
    """The statements of a program; ``pick`` chooses one of several things."""
    names: list[str] = []

    def new() -> str:
        names.append(f"t{len(names)}")
        return names[-1]

    def leaf() -> str:
        shape, dtype = pick(SHAPES), pick(DTYPES)
        first = pick(range(len(VALUES)))
        count = math.prod(eval(shape))
        values = [VALUES[(first + i) % len(VALUES)] for i in range(count)]
        grad = ".requires_grad_()" if "float" in dtype and pick([True, True, True, False]) else ""
        kind = "" if dtype == "float32" else f", dtype=torch.{dtype}"
        shaped = "" if count and len(eval(shape)) == 1 else f".reshape({shape}).clone()"
        return f"{new()} = torch.tensor({values}{kind}){shaped}{grad}"

    def statement() -> str:
        kind = pick(KINDS)
        if kind == ["leaf"]:
            return leaf()
        a, b, c = (pick(names[-5:]) if pick([True, True, True, False]) else pick(names) for _ in range(3))
        k = pick([2, 0.5, -1, 3])
        if kind == ["unary"]:
            line = f"{a}.{pick(UNARY)}()"
        elif kind == ["binary"]:
            left, right = pick([(a, b), (a, b), (a, k), (k, a)])
            line = f"{left} {pick(BINARY)} {right}"
        else:
            line = pick(kind)
            if line.startswith((".", "[")):
                line = "{a}" + line
        if kind in (INPLACE, HOOKS, BACKWARD, FLAGS, GRADS):
            target = new() if line.startswith("{n}") else ""
        else:
            target = new()
            line = f"{target} = {line}"
        line = line.format(a=a, b=b, c=c, k=k, n=target, o=pick(OPTIONS) if "{o}" in line else "")
        return f"with {pick(MODES)}: {line}" if pick(range(10)) == 0 else line

    return [leaf(), leaf(), *(statement() for _ in range(length - 2))]


def program(seed: int, length: int = 14) -> list[str]:
    """The statements of one random program; the same for the same seed."""
    return write(random.Random(seed).choice, length)


def programs(length: int = 14) -> Any:
    """The same as a Hypothesis strategy."""
    from hypothesis import strategies as st

    lengths = st.integers(2, length)
    return st.composite(lambda draw: write(lambda options: draw(st.sampled_from(options)), draw(lengths)))()


def functions(torch: Any, note: Callable[..., None]) -> dict[str, Any]:
    """What a program may call besides torch."""

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, factor: float) -> Any:
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            note(grad)
            return grad * ctx.factor, None

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, y = ctx.saved_tensors
            note(ctx.needs_input_grad)
            return grad * y, grad * x

    class Dirty(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    class Same(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 5

    class Part(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.shape = x.shape
            return x[:1]

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad.expand(ctx.shape)

    return {"Scale": Scale, "Product": Product, "Dirty": Dirty, "Same": Same, "Part": Part}


# What can be seen


def plain(value: Any) -> Any:
    """A value as JSON has it; a tensor as its dtype and numbers."""
    if hasattr(value, "detach"):
        return [str(value.dtype).removeprefix("torch."), value.detach().tolist()]
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def attempt(read: Callable[[], Any]) -> Any:
    """What reading gives, or the error."""
    try:
        return plain(read())
    except RuntimeError as error:
        return f"{type(error).__name__}: {error}"


def strides(tensor: Any) -> list[int] | None:
    """Where a step says something: not in a dimension of one element, nor where there are none."""
    steps = zip(tensor.stride(), tensor.shape, strict=True)
    return [step for step, length in steps if length > 1] if tensor.numel() else None


def graph(node: Any, named: dict[int, str], most: int = 8) -> str:
    """The first nodes from this one on, each with the numbers of those it leads to."""
    numbers, nodes, shown = {node: 0}, [node], []
    for node in nodes:
        ways = []
        for child, index in node.next_functions:
            if child is not None and child not in numbers and len(nodes) < most:
                numbers[child] = len(nodes)
                nodes.append(child)
            ways.append("-" if child is None else f"{numbers.get(child, '…')}.{index}")
        leaf = f" {named.get(id(node.variable), '?')}" if hasattr(node, "variable") else ""
        shown.append(f"{node.name()}({' '.join(ways)}{leaf})")
    return " ".join(shown)


def version(tensor: Any, first: dict[int, int]) -> Any:
    """How often it was changed since it was first seen: how often while it was made is nobody's business."""
    seen = attempt(lambda: tensor._version)
    return seen if isinstance(seen, str) else seen - first.setdefault(id(tensor), seen)


def look(tensor: Any, named: dict[int, str], places: dict[int, str], first: dict[int, int]) -> dict[str, Any]:
    """Everything a user can see of a tensor."""
    grad, node, base = tensor.grad, attempt(lambda: tensor.grad_fn and tensor.grad_fn.name()), tensor._base
    seen = {
        "value": plain(tensor),
        "shape": list(tensor.shape),
        "stride": strides(tensor),
        "requires_grad": attempt(lambda: tensor.requires_grad),
        "leaf": attempt(lambda: tensor.is_leaf),
        "grad_fn": node,
        "output_nr": tensor.output_nr,
        "version": version(tensor, first),
        "view": tensor._is_view(),
        "base": None if base is None else named.get(id(base), plain(base)),
        "retains": attempt(lambda: tensor.retains_grad),
        "inference": tensor.is_inference(),
        "begins with": places.get(tensor.data_ptr()) if tensor.numel() else None,
        "grad": plain(grad),
    }
    if grad is not None:
        seen["grad is"] = named.get(id(grad))
        seen["grad begins with"] = places.get(grad.data_ptr()) if grad.numel() else None
        seen["grad's"] = [grad.requires_grad, strides(grad), grad._is_view()]
        seen["grad's grad_fn"] = attempt(lambda: grad.grad_fn and grad.grad_fn.name())
    if node is not None and "Error" not in node:
        seen["graph"] = graph(tensor.grad_fn, named)
    return seen


def run(torch: Any, statements: list[str]) -> list[Any]:
    """Run the statements with this ``torch``; after each, what is seen of every tensor, or the error."""
    notes: list[Any] = []
    first: dict[int, int] = {}
    space: dict[str, Any] = {"torch": torch, "note": lambda *values: notes.append(plain(values))}
    space |= functions(torch, space["note"])
    history = []
    with warnings.catch_warnings():
        for statement in statements:
            error = None
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.")
                try:
                    exec(statement, space)
                except Exception as caught:
                    error = f"{type(caught).__name__}: {caught}"
            warnings.simplefilter("ignore")
            tensors = {name: value for name, value in space.items() if isinstance(value, torch.Tensor)}
            named = {id(value): name for name, value in reversed(tensors.items())}
            places = {value.data_ptr(): name for name, value in reversed(tensors.items()) if value.numel()}
            history.append(
                {
                    "error": error,
                    "notes": list(notes),
                    "warnings": [f"{w.category.__name__}: {str(w.message)[:60]}" for w in warned],
                    **{name: look(value, named, places, first) for name, value in tensors.items()},
                }
            )
    return history


# Comparing

# What is known to differ, with its reason: a pattern of what differs, the statement and the two answers.
KNOWN = [
    ("a refusal comes after the change in PyTorch, before it here", r"both raised RuntimeError: Inplace update to inf"),
    ("clamp_() calls dtypes by their names in C++", r"^error .*clamp_(?s:.*)output type bool"),
    ("one of several refusals comes first", r"^error .*\n    minigrad '\w+Error: .*\n    PyTorch  ['\"]\w+Error"),
    ("one of several refusals comes first", r"^error .*\n    minigrad \"\w+Error: .*\n    PyTorch  ['\"]\w+Error"),
    (
        "detach() of an inference tensor may be changed outside in PyTorch",
        r"^error .*\n.*Inplace update to inf.*\n.*None$",
    ),
    (
        "PyTorch asks for the dtype only where there is something to compute",
        r"^error .*\n.*not implemented for.*\n.*None$",
    ),
    ("PyTorch fails, and asks to be told of it", r"INTERNAL ASSERT FAILED"),
    ("PyTorch warns of var() before it sees that nothing is there", r"^warnings .*var\("),
    ("a tensor given other memory forgets inference mode in PyTorch", r"^t\d+\.inference .*\.data ="),
    ("a tensor that lost its node says that it retains its gradient in PyTorch", r"^t\d+\.retains "),
    (
        "a bool or integer tensor requires grad in PyTorch once a float that does was written to it",
        r"^t\d+\.requires_grad .*\] = ",
    ),
    (
        "a leaf that changed its shape in place takes the gradient of the old one in PyTorch",
        r"expected shape compatible",
    ),
    (
        "an inference tensor among views and gradients: refused later, or not, in PyTorch",
        r"Inference|\.inference ",
    ),
    ("PyTorch checks the shapes of gradients of what changed its shape in place", r"returned an invalid gradient"),
    ("a source stretched over the target is refused in PyTorch", r"^error .* = (t\d+)\n.*None\n.*single memory"),
    (
        "PyTorch still allows some writes to stretched memory",
        r"^(error|warnings) .*(masked_f|\] = )(?s:.*)(single m|expanded)",
    ),
    ("repeat and stack of an inference tensor give views in PyTorch", r"^t\d+\.view .*(repeat|stack)\("),
    (
        "what an operation reads where it also writes: as it was here, as it is by then in PyTorch",
        r"\.value .*(?s:.*)read as well",
    ),
    ("whether a gradient is a view of one before it", r"^t\d+\.view .*autograd\.grad"),
    ("the order of dimensions in memory of a result", r"^t\d+\.(stride|grad's) "),
]


def known(found: tuple[int, str, str]) -> str | None:
    """Why a difference is there, if that is known."""
    return next((reason for reason, pattern in KNOWN if re.search(pattern, f"{found[1]} {found[2]}")), None)


def same(a: Any, b: Any) -> bool:
    """Equal, numbers up to what the last bits of float32 (float16 among the values: of that) may do."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=5e-4, abs_tol=2e-5) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        if len(a) == len(b) == 2 and a[0] == b[0] == "float16":
            return near(a[1], b[1])
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def near(a: Any, b: Any) -> bool:
    """The same for float16."""
    if isinstance(a, list):
        return len(a) == len(b) and all(map(near, a, b))
    return math.isclose(a, b, rel_tol=1e-2, abs_tol=1e-2) or (math.isnan(a) and math.isnan(b))


def difference(ours: list[Any], theirs: list[Any], statements: list[str]) -> tuple[int, str, str] | None:
    """The first thing seen that is not the same: after which statement, what, and how; or None."""
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        for what in ("error", *sorted({*a, *b} - {"error"})):
            x, y = a.get(what), b.get(what)
            if isinstance(x, dict) and isinstance(y, dict):
                for key in dict.fromkeys((*x, *y)):
                    if not same(x.get(key), y.get(key)):
                        how = f"{statements[number]}\n    minigrad {x.get(key)!r}\n    PyTorch  {y.get(key)!r}"
                        how += "\n    of memory that is read as well" if shared(a, statements[number]) else ""
                        return number, f"{what}.{key}", how + (f"\n    both raised {a['error']}" if a["error"] else "")
            elif not same(x, y):
                return number, what, f"{statements[number]}\n    minigrad {x!r}\n    PyTorch  {y!r}"
    return None


def shared(seen: dict[str, Any], statement: str) -> bool:
    """Whether a statement of the kind ``a.add_(b)`` names two tensors of one memory."""
    names = re.search(r"(t\d+)\.\w+_\((t\d+)", statement)
    owners = [seen[name]["base"] or name for name in names.groups()] if names else []
    return bool(names) and names[1] != names[2] and owners[0] == owners[1]


def compare(statements: list[str]) -> tuple[int, str, str] | None:
    """Where minigrad and the installed PyTorch differ on a program."""
    import torch

    import minigrad

    return difference(run(minigrad, statements), run(torch, statements), statements)


def shrink(statements: list[str]) -> list[str]:
    """As few of the statements as differ in the same observable (of whichever tensor)."""

    def kind(lines: list[str]) -> str | None:
        found = compare(lines)
        return None if found is None else found[1].partition(".")[2] or found[1]

    wanted = kind(statements)
    shorter = True
    while shorter:
        shorter = False
        for at in reversed(range(len(statements))):
            fewer = statements[:at] + statements[at + 1 :]
            if fewer and kind(fewer) == wanted:
                statements, shorter = fewer, True
    return statements


# Recorded programs


def changes(history: list[Any]) -> list[Any]:
    """Each observation without what the one before it already said."""
    before: dict[str, Any] = {}
    told = []
    for seen in history:
        told.append({what: value for what, value in seen.items() if what not in before or before[what] != value})
        before = seen
    return told


def record(count: int) -> None:
    """Write down what PyTorch shows of the first ``count`` programs."""
    import torch

    told = [{"program": program(seed), "seen": changes(run(torch, program(seed)))} for seed in range(count)]
    RECORDED.write_bytes(lzma.compress(json.dumps(told, separators=(",", ":")).encode(), preset=9))


def recorded() -> list[tuple[list[str], list[Any]]]:
    """The recorded programs and what PyTorch showed."""
    found = []
    for entry in json.loads(lzma.decompress(RECORDED.read_bytes())):
        history: list[Any] = []
        for seen in entry["seen"]:
            history.append({**(history[-1] if history else {}), **seen})
        found.append((entry["program"], history))
    return found


def main(words: list[str]) -> int:
    import torch

    torch.set_num_threads(1)
    torch.set_warn_always(True)
    if words[0] == "--record":
        record(int(words[1]))
        return 0
    if words[0] == "--show":
        statements = shrink(program(int(words[1])))
        print("\n".join(statements))
        print(compare(statements))
        return 0
    start = int(words[1]) if len(words) > 1 else 0
    count: Counter[str] = Counter()
    for seed in range(start, start + int(words[0])):
        found = compare(program(seed))
        reason = "agree" if found is None else known(found) or "differ"
        count[reason] += 1
        if found and reason == "differ":
            number, what, how = found
            print(f"program {seed}: {what} after {number}: {how}", flush=True)
    print("\n".join(f"{number:6} {reason}" for reason, number in count.most_common()))
    return bool(count["differ"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
