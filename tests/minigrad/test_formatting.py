"""How tensors print: character for character as PyTorch prints them, whatever their numbers, shape and dtype."""

from __future__ import annotations

import itertools
import random

import pytest

import minigrad
from tests.minigrad.oracle import agree, program

NUMBERS = [
    "rng.standard_normal(shape)",
    "rng.standard_normal(shape) * 10.0 ** rng.randint(-8, 0)",
    "rng.standard_normal(shape) * 10.0 ** rng.randint(0, 12)",
    "np.round(rng.standard_normal(shape) * 10.0 ** rng.randint(0, 9))",
    "rng.standard_normal(shape) * 10.0 ** rng.randint(-6, 6, shape)",
    "rng.choice([nan, inf, -inf, 0.0, -0.0, 1.0, 2.5], shape)",
    "rng.choice([nan, -inf, 0.0, -0.0, 3.0, -250.0], shape)",
    "np.full(shape, rng.choice([0.0, -0.0, 1000.0, 0.0001, 0.00009, 1e8, 1e8 + 1, 99999.5, 0.5]))",
]
SHAPES = [(), (1,), (3,), (7,), (25,), (100,), (1000,), (1001,), (2, 3), (3, 1), (1, 1, 2), (2, 3, 4), (12, 30)]
SHAPES += [(7, 8, 20), (40, 40), (3, 4, 2, 2), (1, 1200), (1200, 1), (0,), (0, 3), (2, 0, 3), (2, 1, 7, 90)]
DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool"]
OPTIONS = ["", "precision=2", "precision=0", "threshold=10", "edgeitems=1, threshold=4", "linewidth=40"]
OPTIONS += ["profile='short'", "profile='full'", "sci_mode=True", "sci_mode=False"]
ENDS = ["", "", ".requires_grad_()", ".requires_grad_() * 1", ".requires_grad_().clone()"]


def programs() -> list[str]:
    """Every kind of numbers in every dtype, and shapes, options and endings mixed in."""
    draw = random.Random(0)
    made = []
    for round_, (numbers, dtype) in enumerate(itertools.product(NUMBERS * 4, DTYPES)):
        if dtype[0] != "f" and ("nan" in numbers or "-8" in numbers):
            continue
        shape = SHAPES[round_ % len(SHAPES)] if draw.random() < 0.7 else draw.choice(SHAPES[:10])
        values = f"np.clip({numbers}, -100, 100)" if dtype[0] in "iub" else numbers
        end = draw.choice(ENDS) if dtype[0] == "f" else ""
        lines = [
            f"rng, shape = np.random.RandomState({round_}), {shape}",
            "torch.set_default_dtype(torch.float64)" if draw.random() < 0.2 else "",
            f"torch.set_printoptions({draw.choice(OPTIONS)})" if draw.random() < 0.4 else "",
            f"with np.errstate(all='ignore'): array = np.array({values}).astype('{dtype}')",
            f"print(torch.from_numpy(array){end})",
            "torch.set_printoptions(profile='default')",
        ]
        made.append("\n".join(line for line in lines if line))
    return made


@pytest.mark.parametrize("source", programs())
def test_prints(source: str) -> None:
    program(source)


@pytest.mark.parametrize("spec", ["", ".3f", ".2e", "5", ">12", "+.1f", "g"])
def test_a_0d_tensor_is_formatted_as_its_number(spec: str) -> None:
    agree(f"format(torch.tensor(3.14159), '{spec}'), format(torch.tensor(42), '{spec}')")
    agree(f"f'{{x:{spec}}}'", x=())


def test_formatting_with_dimensions_takes_no_specification() -> None:
    agree("format(torch.ones(2), '.3f')")
    agree("format(torch.ones(2), '')")
    agree("f'{torch.ones(2)}'")


def test_a_long_suffix_goes_to_its_own_line() -> None:
    program("""
        x = torch.full((8,), 1.25, dtype=torch.float64, requires_grad=True)
        print(x, x.exp(), (x * 2).sum(), sep="\\n")
    """)


def test_a_parameter_says_so() -> None:
    class Parameter(minigrad.Tensor):
        pass

    assert repr(Parameter([[1, 2], [3, 4]])) == "Parameter containing:\ntensor([[1., 2.],\n        [3., 4.]])"


def test_a_subclass_prints_its_name() -> None:
    program("""
        class Labelled(torch.Tensor): pass
        x = Labelled([[1, 2], [3, 4]])
        print(x)
    """)


def test_a_history_that_cannot_be_told_is_invalid() -> None:
    program("""
        x = torch.ones(3, requires_grad=True).clone()
        with torch.no_grad():
            y = x[:2]
        x += 1
        print(x, y)
        del y
    """)
