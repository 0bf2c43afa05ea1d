"""autograd.functional: every function over kinds of functions, inputs, vectors and options, against PyTorch."""

from __future__ import annotations

import pytest

import minigrad as torch
from tests.minigrad.oracle import program

GIVEN = """
    functional = torch.autograd.functional
    x = torch.tensor([1.0, 2.0])
    grown = torch.tensor([3.0, 4.0], requires_grad=True)
    functions = {
        "square": lambda x: x ** 2,
        "cubes": lambda x: (x ** 3).sum(),
        "linear": lambda x: (2 * x).sum(),
        "constant": lambda x: torch.ones(2),
        "a constant": lambda x: torch.ones(()),
        "two": lambda x: (x ** 2, x.sum()),
        "one of one": lambda x: ((x ** 2).sum(),),
        "half": lambda x: (x * x.detach()).sum(),
        "one element": lambda x: (x ** 2).sum().reshape(1),
        "outer": lambda x: x[:, None] * x,
        "nothing": lambda x: x[:0] * 2,
        "list": lambda x: [x],
        "number": lambda x: 3,
        "tensor and number": lambda x: (x, 3),
    }
    both = {
        "product": lambda a, b: (a * b).sum(),
        "first": lambda a, b: (a ** 2).sum(),
        "elementwise": lambda a, b: a * b,
        "two": lambda a, b: ((a * b).sum(), a.sum()),
    }

    def tried(function, *args, **options):
        try:
            return function(*args, **options)
        except Exception as error:
            return type(error).__name__, str(error)
"""

VECTORS = "None, x, torch.tensor(1.0), (x,), (x, torch.tensor(3.0)), 3, (x, 3)"
PAIRS = "None, x, torch.tensor(1.0), (x, x), (x, torch.tensor(3.0)), (torch.tensor(1.0), torch.tensor(2.0))"
STRICT = ["", "strict=True", "create_graph=True", "strict=True, create_graph=True"]


@pytest.mark.parametrize("options", STRICT)
@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp"])
def test_product_with_a_vector(name: str, options: str) -> None:
    program(f"""{GIVEN}
    for what, function in functions.items():
        for given in (x, grown, (x,)):
            for v in ({VECTORS}):
                print(what, v, tried(functional.{name}, function, given, v, {options}))
    for what, function in both.items():
        for v in ({PAIRS}):
            print(what, v, tried(functional.{name}, function, (x, grown), v, {options}))
    print(tried(functional.{name}, functions["cubes"], 3), tried(functional.{name}, functions["cubes"], (x, 3)))
    print(tried(functional.{name}, functions["cubes"], torch.tensor([1, 2]), x))
    print(tried(functional.{name}, lambda x: x ** 2, torch.tensor(2.0)))
    """)


@pytest.mark.parametrize("options", [*STRICT, "vectorize=True", "vectorize=True, strict=True"])
@pytest.mark.parametrize("name", ["jacobian", "hessian"])
def test_whole(name: str, options: str) -> None:
    left_out = "nothing" if "vectorize" in options else ""  # there PyTorch fails in an index of its own
    program(f"""{GIVEN}
    functions.pop({left_out!r}, None)
    for what, function in functions.items():
        for given in (x, grown, (x,)):
            print(what, tried(functional.{name}, function, given, {options}))
    for what, function in both.items():
        print(what, tried(functional.{name}, function, (x, grown), {options}))
        print(what, tried(functional.{name}, function, (x, torch.ones(3, 2)), {options}))
    print(tried(functional.{name}, functions["cubes"], 3), tried(functional.{name}, functions["cubes"], (x, 3)))
    print(tried(functional.{name}, functions["cubes"], torch.tensor([1, 2])))
    print(tried(functional.{name}, lambda x: x ** 2, torch.tensor(2.0)))
    with torch.no_grad():
        print(functional.{name}(functions["cubes"], grown, {options}))
    """)


def test_results_can_be_differentiated() -> None:
    program(f"""{GIVEN}
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    function = lambda x: (w * x ** 3).sum()
    total = functional.hessian(function, grown, create_graph=True).sum()
    total = total + functional.vhp(function, grown, x, create_graph=True)[1].sum()
    total = total + functional.hvp(function, grown, x, create_graph=True)[1].sum()
    total = total + functional.jvp(lambda x: w * x ** 2, grown, x, create_graph=True)[1].sum()
    total = total + functional.vjp(lambda x: w * x ** 2, grown, x, create_graph=True)[1].sum()
    total = total + functional.jacobian(lambda x: w * x ** 2, grown, create_graph=True).sum()
    total.backward()
    total = None
    """)


def test_a_hook_sees_every_row() -> None:
    seen = []

    def function(x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        y.register_hook(lambda grad: seen.append(grad.tolist()))
        return y + 1

    torch.autograd.functional.jacobian(function, torch.ones(2))
    assert seen == [[1.0, 0.0], [0.0, 1.0]]
