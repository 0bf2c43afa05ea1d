"""Making tensors: values, dtypes, sharing of memory, warnings and errors are PyTorch's.

Each table is a list of calls; each call is compared with PyTorch whole (values, dtype, shape, stride, flags, warnings,
or the error's type and text).
"""

from __future__ import annotations

import random

import numpy as np
import pytest

import minigrad
from tests.minigrad.oracle import agree, program

DATA = r"""
torch.tensor(1)
torch.tensor(1.5)
torch.tensor(True)
torch.tensor([1, 2.0])
torch.tensor([True, 2])
torch.tensor([True, 2.0])
torch.tensor([True, False])
torch.tensor([])
torch.tensor([[], []])
torch.tensor([[]])
torch.tensor(())
torch.tensor((1, 2))
torch.tensor((1, 2, -1))
torch.tensor(((1, 2), (3, -4)))
torch.ones(2).new_tensor((1, -2))
torch.tensor([[1, 2], [3]])
torch.tensor([[1, 2], 3])
x = []; x.append(x); torch.tensor(x)
torch.tensor([1, [2, 3]])
torch.tensor([[1], [2, 3]])
torch.tensor([[[1]], [[2, 3]]])
torch.tensor([[1, 2], [3, 4, 5]])
torch.tensor([1, None])
torch.tensor(None)
torch.tensor([None])
torch.tensor('a')
torch.tensor(['a'])
torch.tensor([1, 'a'])
torch.tensor({})
torch.tensor([{}])
torch.tensor({1, 2})
torch.tensor(range(3))
torch.tensor(2 ** 63)
torch.tensor(2 ** 62)
torch.tensor(2 ** 64 - 1)
torch.tensor(2 ** 64)
torch.tensor(-2 ** 63 - 1)
torch.tensor([2 ** 63])
torch.tensor([1.0, 2 ** 70])
torch.tensor([1.5], dtype=torch.int64)
torch.tensor([1, 2], dtype=torch.float16)
torch.tensor([2], dtype=torch.bool)
torch.tensor([300], dtype=torch.uint8)
torch.tensor([-1], dtype=torch.uint8)
torch.tensor(300, dtype=torch.int8)
torch.tensor(10000000000.0, dtype=torch.int32)
torch.tensor([10000000000.0], dtype=torch.int32)
torch.tensor(2 ** 40, dtype=torch.int32)
torch.tensor(float('nan'), dtype=torch.int32)
torch.tensor(1e+300)
torch.tensor(1e+300, dtype=torch.float16)
torch.tensor(70000, dtype=torch.float16)
torch.tensor([1e+300], dtype=torch.float16)
torch.tensor(np.array([1, 2]))
torch.tensor(np.array(['a']))
torch.tensor(np.array([None]))
torch.tensor(np.float32(2.5))
torch.tensor(np.float64(2.5))
torch.tensor(np.int32(2))
torch.tensor(np.uint8(2))
torch.tensor(np.bool_(True))
torch.tensor(np.float16(1))
torch.tensor([np.float32(2.5)])
torch.tensor([np.float32(2.5), 1])
torch.tensor([np.int32(2)])
torch.tensor([np.int32(2), np.int32(3)])
torch.tensor([np.float64(2.5)])
torch.tensor([np.bool_(True)])
torch.tensor([np.array([1, 2]), np.array([3, 4])])
torch.tensor([np.array([1.0, 2]), np.array([3, 4.0])])
torch.tensor([np.array([1.0, 2]), [3, 4]])
torch.tensor([np.array([1.0, 2], dtype=np.float32), np.array([1.0, 2], dtype=np.float32)])
torch.tensor([np.array([1, 2]), np.array([3, 4, 5])])
torch.tensor(np.array(3.0))
torch.tensor([np.array(3.0)])
torch.tensor(torch.tensor(3.0))
torch.tensor(torch.tensor(1.0, requires_grad=True))
torch.tensor([torch.tensor(3.0), torch.tensor(3.0)])
torch.tensor([torch.tensor(3.0), 1])
torch.tensor([torch.tensor(3), 1.5])
torch.tensor([torch.tensor(True)])
torch.tensor([torch.tensor(2.0, dtype=torch.float64), torch.tensor(3.0)])
torch.tensor([torch.tensor(2.0, dtype=torch.float64)])
torch.tensor([torch.tensor(2.0, dtype=torch.float16)])
torch.tensor([torch.tensor(3), torch.tensor(True)])
torch.tensor([torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)])
torch.tensor([torch.tensor(1.0, requires_grad=True)])
torch.tensor([torch.tensor(1.0, requires_grad=True)], dtype=torch.int64)
torch.tensor([torch.tensor(1.0)], dtype=torch.bool)
torch.tensor([torch.tensor(2), 0.5], dtype=torch.bool)
torch.tensor([torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0])])
torch.tensor([torch.tensor([1.0, 2.0])])
torch.tensor([torch.tensor([1.0])])
torch.tensor([torch.tensor([1.0]), torch.tensor([2.0])])
torch.tensor([torch.tensor([1, 2]), [3, 4]])
torch.tensor([[torch.tensor(3.0), 1], [2, torch.tensor(3.0)]])
torch.tensor(1, requires_grad=True)
torch.tensor([True], requires_grad=True)
torch.tensor([1.0], requires_grad=True)
torch.tensor([1.0], requires_grad=1)
torch.tensor([1.0], requires_grad='a')
torch.tensor(1, 2)
torch.tensor(1, dtype=float)
torch.tensor(1.5, dtype=int)
torch.tensor(1.5, dtype=bool)
torch.tensor(1.5, dtype='float32')
torch.tensor(1.5, dtype=np.float32)
torch.tensor(data=[1.0])
torch.tensor([1.0], foo=3)
torch.tensor([1.0], pin_memory=False)
torch.tensor([[1, 2], [3, 4]], dtype=torch.float64)
torch.tensor(['ab', 'cd'])
torch.tensor([1, 2, [3]])
torch.tensor([[1, 2], [3, 'x']])
torch.tensor((x for x in [1]))
torch.tensor(np.array([1.0, 2.0])[::-1])
torch.tensor([1.0, 2.0], dtype=torch.bool)
torch.tensor(torch.Size([1, 2]))
torch.tensor(float('nan'), dtype=torch.int64)
torch.tensor(1e+30, dtype=torch.int64)
torch.tensor([1e+30], dtype=torch.int64)
torch.tensor([float('inf')], dtype=torch.int32)
torch.tensor([float('inf')], dtype=torch.int8)
torch.tensor(-255, dtype=torch.uint8)
torch.tensor(-256, dtype=torch.uint8)
torch.tensor(-129, dtype=torch.int8)
torch.tensor(300.5, dtype=torch.uint8)
torch.tensor(-1.5, dtype=torch.uint8)
torch.tensor(2 ** 70, dtype=torch.float32)
torch.tensor(2 ** 70, dtype=torch.int32)
torch.tensor(10 ** 400, dtype=torch.float32)
torch.tensor([2 ** 63], dtype=torch.float64)
torch.tensor([2 ** 64 - 1], dtype=torch.uint8)
torch.tensor(2 ** 70, dtype=torch.bool)
torch.tensor([0.5], dtype=torch.bool)
torch.tensor(np.array([1.5, 300.0]), dtype=torch.uint8)
torch.tensor(np.array([300, -1]), dtype=torch.uint8)
torch.tensor(np.float32(2.5), dtype=torch.int64)
torch.tensor(torch.tensor(3.0), dtype=torch.int64)
torch.tensor(torch.tensor(1.0, requires_grad=True), requires_grad=True)
torch.tensor([(1, 2), [3, 4]])
torch.tensor([range(2), range(2)])
torch.tensor([1.5, True, 2])
torch.tensor([[1, 2], [3, 4.5]])
torch.tensor([[1], []])
torch.tensor([1, 2], dtype=None)
torch.tensor(np.longdouble(1))
torch.tensor([[1.0], [2.0, 3.0]], dtype=torch.float32)
torch.tensor([[1.0, [2.0]], [2.0, 3.0]])
torch.tensor([1.0, [2.0]])
torch.tensor([1.0, [2.0]], dtype=torch.int32)
torch.tensor([True, [2.0]])
torch.tensor([[1.0, 2.0], [2.0, None]])
torch.tensor([torch.tensor(3.0), [1.0]])
torch.tensor([[torch.tensor(3.0)], [torch.tensor(3.0)]])
torch.tensor([[torch.tensor(3.0)], [torch.tensor([1.0, 2.0])]])
torch.tensor([np.float32(1), [1.0]])
torch.tensor([1, 2, '3'], dtype=torch.int64)
torch.tensor(['3'], dtype=torch.int64)
torch.tensor([None], dtype=torch.int64)
torch.tensor([None], dtype=torch.float32)
torch.tensor(None, dtype=torch.float32)
torch.tensor([torch.tensor(3.0), torch.tensor(3)], dtype=torch.int64)
torch.tensor([{1: 2}], dtype=torch.float32)
"""

SHARED = r"""
torch.as_tensor([1, 2])
torch.as_tensor(torch.tensor([1.0, 2.0])) is torch.tensor([1.0, 2.0])
torch.as_tensor(torch.tensor([1.0, 2.0]), dtype=torch.float32) is torch.tensor([1.0, 2.0])
torch.as_tensor(torch.tensor([1.0, 2.0]), dtype=torch.float64)
torch.as_tensor(torch.tensor(1.0, requires_grad=True), dtype=torch.float64)
torch.as_tensor(np.array([1.0]))
torch.as_tensor(np.array([1.0]), dtype=torch.float32)
torch.as_tensor(np.float32(1))
torch.as_tensor(None)
torch.as_tensor([1.0], requires_grad=True)
torch.from_numpy(np.array([1.0]))
torch.from_numpy([1.0])
torch.from_numpy(np.array(['a']))
torch.from_numpy(np.array([1.0])[::-1])
torch.from_numpy(np.float32(1))
torch.from_numpy(np.array([None]))
torch.from_numpy(np.frombuffer(b'abcdefgh', dtype=np.float32))
torch.as_tensor(torch.tensor([1.0, 2.0]), dtype=float)
torch.from_numpy(np.zeros(3)).requires_grad
torch.as_tensor(torch.tensor(3), dtype=torch.float32)
"""

FILLED = r"""
torch.zeros(2, 3)
torch.zeros((2, 3))
torch.zeros([2, 3])
torch.zeros(torch.Size([2, 3]))
torch.zeros()
torch.zeros(())
torch.zeros([])
torch.zeros(0)
torch.zeros(-1)
torch.zeros(2, -1)
torch.zeros(2.0)
torch.zeros((2.0,))
torch.zeros([2, 3.5])
torch.zeros(2, 3.5)
torch.zeros('a')
torch.zeros(None)
torch.zeros((2, None))
torch.zeros((2, 'a'))
torch.zeros((2, 3), (4,))
torch.zeros(2, (3,))
torch.zeros(True)
torch.zeros(np.int64(2))
torch.zeros((np.int64(2), 3))
torch.zeros(torch.tensor(2))
torch.zeros((torch.tensor(2), 3))
torch.zeros(torch.tensor(2.0))
torch.zeros(size=(2,))
torch.zeros(size=2)
torch.zeros(2, dtype=torch.int32)
torch.zeros(2, dtype=torch.int64, requires_grad=True)
torch.zeros(2, dtype=int)
torch.zeros(2, dtype=float)
torch.zeros(2, dtype=bool)
torch.zeros(2, dtype='f')
torch.zeros(2, dtype=3)
torch.zeros(2, dtype=None)
torch.zeros(2, requires_grad=True)
torch.zeros(2, requires_grad=1)
torch.zeros(2, requires_grad=None)
torch.zeros(2, foo=1)
torch.zeros(2, pin_memory=False)
torch.ones(2, 3)
torch.ones(2.5)
torch.ones(2, dtype=torch.bool)
torch.empty(2).shape
torch.empty(2.5)
torch.full((2,), 1)
torch.full((2,), 1.5)
torch.full((2,), True)
torch.full((2,), 1, dtype=torch.float32)
torch.full(2, 1)
torch.full([2], torch.tensor(3.0))
torch.full([2], torch.tensor(3))
torch.full((), 2)
torch.full((2,), None)
torch.full((2,), 'a')
torch.full((2,), 1.5, dtype=torch.int64)
torch.full((2,), 300, dtype=torch.uint8)
torch.full((2,), -1, dtype=torch.uint8)
torch.full((2,), 1e+40)
torch.full((2,), 1e+40, dtype=torch.float32)
torch.full((2,), [1])
torch.full((2,), torch.ones(2))
torch.full(size=(2,), fill_value=3)
torch.full((2,), 2 ** 63)
torch.full((2,), np.float32(2))
torch.full((2,), np.int64(2))
torch.full((2,), 3, requires_grad=True)
torch.full((2,), 3.0, requires_grad=True)
torch.full((2,), torch.tensor(1.0, requires_grad=True))
torch.eye(2)
torch.eye(2, 3)
torch.eye(0)
torch.eye(-1)
torch.eye(2, -1)
torch.eye(2.0)
torch.eye(2, dtype=torch.bool)
torch.eye(n=2, m=3)
torch.eye((2, 3))
torch.eye(2, requires_grad=True)
torch.ones(-1)
torch.ones(2, -3)
torch.full((-1,), 1)
torch.full((2, -1), 1)
torch.empty(-1)
torch.empty(2, -1)
torch.zeros((True, 2))
torch.zeros(2, True)
torch.full((2,), 70000, dtype=torch.float16)
torch.full((2,), 70000.0, dtype=torch.float16)
torch.full((2,), -256, dtype=torch.uint8)
torch.full((2,), -129, dtype=torch.int8)
torch.full((2,), 2 ** 40, dtype=torch.int32)
torch.full((2,), 2 ** 40, dtype=torch.int16)
torch.full((2,), float('nan'), dtype=torch.int64)
torch.full((2,), float('inf'), dtype=torch.int64)
torch.full((2,), float('inf'))
torch.full((2,), float('nan'), dtype=torch.bool)
torch.full((2,), 5, dtype=torch.bool)
torch.full((2,), 1e309)
torch.full((2,), 1e+39, dtype=torch.float64)
torch.full((2,), True, dtype=torch.float32)
torch.full((2.0,), 1)
torch.full(torch.Size([2]), 1.0, dtype=torch.int64, requires_grad=True)
torch.empty((2, 2)).shape
"""

COUNTED = r"""
torch.arange(5)
torch.arange(5.0)
torch.arange(1, 4)
torch.arange(1, 2.5, 0.5)
torch.arange(1, 2, 0.1)
torch.arange(0, 1, 0.1)
torch.arange(-8.0, 8.0, 0.1)
torch.arange(-3, 2.5, 1 / 3, dtype=torch.float16)
torch.arange(5, 1)
torch.arange(5, 1, -1)
torch.arange(1, 5, -1)
torch.arange(0)
torch.arange(1, 5, 0)
torch.arange(True)
torch.arange(3, dtype=torch.float16)
torch.arange(3.0, dtype=torch.int64)
torch.arange(0.5, 3.7, dtype=torch.int64)
torch.arange(0, 3, 0.5, dtype=torch.int64)
torch.arange('a')
torch.arange(end=3)
torch.arange(start=1, end=3)
torch.arange(1, end=3)
torch.arange(1, end=3, step=1)
torch.arange(float('nan'))
torch.arange(float('inf'))
torch.arange(3, requires_grad=True)
torch.arange(3.0, requires_grad=True)
torch.arange(torch.tensor(3))
torch.arange(torch.tensor(3.0))
torch.arange(np.float32(3))
torch.arange(np.int64(3))
torch.arange(-3)
torch.arange(1, 3, dtype=torch.bool)
torch.arange(start=1)
torch.arange(0, -1)
torch.arange(0.0, -1.0)
torch.arange(None)
torch.arange([3])
torch.arange(torch.ones(2))
torch.linspace(0, 1, 5)
torch.linspace(0, 1, 1)
torch.linspace(0, 1, 0)
torch.linspace(0, 1, -1)
torch.linspace(0, 10, 4, dtype=torch.int64)
torch.linspace(0, 1, 3, dtype=torch.bool)
torch.linspace(start=0, end=1, steps=3)
torch.linspace(torch.tensor(0.0), torch.tensor(1.0), 3)
torch.linspace(0, 1, 3, requires_grad=True)
torch.linspace(True, 3, 3)
torch.arange(300, dtype=torch.uint8)[-3:]
torch.arange(0, 3, 0.5, dtype=torch.int32)
torch.arange(0.5, 3.7, 0.5, dtype=torch.int32)
torch.arange(0.5, 3.7, dtype=torch.int32)
torch.arange(1.5, 7.9, 1.7, dtype=torch.int64)
torch.arange(1.5, 7.9, 1.7, dtype=torch.int32)
torch.arange(7, 1, -1.5, dtype=torch.int64)
torch.arange(7, 1, -1.5, dtype=torch.int16)
torch.arange(1, 3, torch.tensor(0.5))
torch.arange(torch.tensor(2.0, dtype=torch.float64))
torch.arange(torch.tensor(3, dtype=torch.int32))
torch.arange(3, dtype=torch.int32)
torch.arange(0.0, 5.0, 2.0, dtype=torch.float16)
torch.arange(0, 1, 0.001).sum()
torch.linspace(3, -3, 7, dtype=torch.int32)
torch.linspace(0, 255, 5, dtype=torch.uint8)
torch.linspace(0, 300, 5, dtype=torch.uint8)
torch.linspace(1, 2, 2, dtype=torch.float16)
torch.linspace(0, 1.5, 4, dtype=torch.int64)
torch.linspace(1.7, 1.7, 1, dtype=torch.int64)
torch.linspace(0, 1, 3, dtype=torch.int64, requires_grad=True)
"""

LIKE = r"""
torch.zeros_like(torch.tensor([1.0, 2.0]))
torch.zeros_like(torch.tensor(3))
torch.zeros_like(torch.tensor(1.0, requires_grad=True))
torch.zeros_like(torch.tensor([1.0, 2.0]), dtype=torch.int64)
torch.zeros_like(torch.tensor([1.0, 2.0]), requires_grad=True)
torch.zeros_like(torch.tensor(3), requires_grad=True)
torch.zeros_like([1])
torch.zeros_like(3.0)
torch.ones_like(torch.tensor(True))
torch.rand_like(torch.tensor(3))
torch.rand_like(torch.tensor([1.0, 2.0])).shape
torch.randn_like(torch.tensor(3))
torch.randn_like(torch.tensor([1.0, 2.0]), dtype=torch.float64).dtype
torch.randint_like(torch.tensor([1.0, 2.0]), 5).dtype
torch.randint_like(torch.tensor([1.0, 2.0]), 2, 5).dtype
torch.randint_like(torch.tensor(3), 5).dtype
torch.randint_like(torch.tensor([1.0, 2.0]), 0)
torch.full_like(torch.tensor([1.0, 2.0]), 2)
torch.full_like(torch.tensor(3), 2.5)
torch.full_like(torch.tensor([1.0, 2.0]), 2, dtype=torch.int64)
torch.full_like(torch.tensor([1.0, 2.0]), torch.tensor(3.0))
torch.full_like(torch.tensor([1.0, 2.0]), 'a')
torch.empty_like(torch.tensor([1.0, 2.0])).shape
torch.empty_like([1])
torch.zeros_like(torch.zeros(2, 3).t()).stride()
torch.full_like(torch.tensor([1.0, 2.0]), 1e+40)
torch.full_like(torch.tensor(3), 300, dtype=torch.uint8)
torch.full_like(torch.tensor(3), torch.ones(2))
torch.full_like(torch.tensor(3), torch.tensor(1.0, requires_grad=True))
torch.zeros_like(torch.tensor([1.0, 2.0]), dtype='a')
torch.ones_like(torch.tensor([1.0, 2.0]), requires_grad=1)
"""

RANDOM = r"""
torch.rand(2, dtype=torch.float64, requires_grad=True).requires_grad
torch.rand(2.5)
torch.randn(-1)
torch.randint(3, size=(2,)).shape
torch.randint(low=1, high=3, size=(2,)).shape
torch.randint(1, 3, size=(2,)).shape
torch.randint(high=3, size=(2,)).shape
torch.randint(0, 3, [2]).shape
torch.randint(0, 3, (2,), requires_grad=True)
torch.randint(torch.tensor(3), (2,)).shape
torch.randint(np.int64(3), (2,)).shape
torch.randint(True, (2,))
torch.rand(2, -1)
torch.randint(3, (-1,))
torch.normal(0.0, 1.0, (-1,))
torch.rand((2, 2), generator=None).shape
torch.rand(size=(2,)).shape
torch.randperm(True)
torch.randperm(torch.tensor(3))
torch.randperm('a')
torch.bernoulli(torch.tensor(1.0, requires_grad=True).expand(2) * 0.5)
torch.randn((), dtype=torch.float64).dtype
torch.rand(3, dtype=torch.bool)
torch.randint(2, (2,), dtype=float)
torch.randint(3, 2)
torch.randint(10, size=2)
torch.randint(high=10, low=2)
"""

CONSTRUCTORS = r"""
torch.Tensor()
torch.Tensor(2, 3).shape
torch.Tensor([1, 2])
torch.Tensor([1, 2.5])
torch.Tensor((1, 2))
torch.Tensor(2).shape
torch.Tensor(2.5)
torch.Tensor(torch.tensor([1.0, 2.0]))
torch.Tensor(torch.tensor(3))
torch.Tensor(torch.tensor(3).reshape(1))
torch.Tensor(np.array([1, 2]))
torch.Tensor(torch.Size([2, 3])).shape
torch.Tensor([[1, 2], [3]])
torch.Tensor(-1)
torch.Tensor(None)
torch.Tensor([True])
torch.Tensor(2, 'a')
torch.Tensor(size=(2, 3)).shape
torch.Tensor(data=[1])
torch.Tensor([])
torch.Tensor(torch.zeros(2, dtype=torch.float64))
torch.Tensor(np.int64(2)).shape
torch.Tensor(True)
torch.Tensor(torch.tensor(1.0, requires_grad=True))
torch.Tensor(torch.tensor(1.0, requires_grad=True)).requires_grad
torch.Tensor(torch.tensor(1.0, requires_grad=True) * 2)
torch.Tensor(torch.tensor([1.0, 2.0])) is torch.tensor([1.0, 2.0])
torch.Tensor([torch.tensor(3.0), torch.tensor(3.0)])
torch.Tensor(2, 3.5)
torch.Tensor([1e+300])
torch.Tensor(np.float32(2))
torch.Tensor(range(3))
torch.Tensor(torch.tensor(3), 2).shape
"""

METHODS = r"""
torch.tensor([1.0, 2.0]).new_zeros(2)
torch.tensor([1.0, 2.0]).new_zeros((2, 3)).shape
torch.tensor([1.0, 2.0]).new_tensor([1, 2])
torch.tensor([1.0, 2.0]).new_full((2,), 3)
torch.tensor([1.0, 2.0]).new_empty(2).shape
torch.tensor([1.0, 2.0]).new_ones(2, dtype=torch.int64)
torch.tensor(3).new_ones(2)
torch.tensor([1.0, 2.0]).new_zeros(2, requires_grad=True)
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("code", lines(DATA))
def test_data(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(SHARED))
def test_data_that_may_share_memory(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(FILLED))
def test_filled(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(COUNTED))
def test_counted(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(LIKE))
def test_like_another(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(RANDOM))
def test_random(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(CONSTRUCTORS))
def test_constructors(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(METHODS))
def test_methods(code: str) -> None:
    agree(code)


def spaced(number: int) -> str:
    """A call of arange or linspace with any arguments."""
    draw = random.Random(number)

    def bound() -> float:
        return draw.choice(
            [draw.randint(-20, 50), round(draw.uniform(-5, 5), draw.randint(0, 5)), draw.uniform(-1e3, 1e3)]
        )

    dtype = draw.choice(["", "float16", "float32", "float64", "int16", "int32", "int64"])
    tail = f", dtype=torch.{dtype})" if dtype else ")"
    if draw.choice([True, True, False]):
        start, step = bound(), draw.choice([1, -1, 0.1, -0.5, 3, 1e-3, bound() or 1])
        return f"torch.arange({start}, {start + step * draw.choice([0, 1, 5, 17.5, 40, 100])}, {step}{tail}"
    return f"torch.linspace({bound()}, {bound()}, {draw.choice([0, 1, 2, 3, 10, 33, 100])}{tail}"


@pytest.mark.parametrize("number", range(150))
def test_evenly_spaced_numbers(number: int) -> None:
    agree(spaced(number))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_arange_and_linspace_round_as_pytorch_rounds(dtype: str) -> None:
    program(f"""
        print(torch.arange(0.3, 7.1, 0.0271, dtype=torch.{dtype}).tolist())
        print(torch.linspace(-0.7, 1.3, 123, dtype=torch.{dtype}).tolist())
    """)


@pytest.mark.parametrize("default", ["float16", "float64"])
def test_the_default_dtype_is_followed(default: str) -> None:
    program(f"""
        torch.set_default_dtype(torch.{default})
        print(torch.tensor([1.5]), torch.tensor([]), torch.tensor([1, True]), torch.zeros(1), torch.full((1,), 2.0))
        print(torch.arange(2.0), torch.linspace(0, 1, 2), torch.rand(1), torch.Tensor([1]), torch.eye(1))
        print(torch.tensor([np.float32(1)]))
    """)


def test_from_numpy_and_as_tensor_share_memory_and_tensor_copies() -> None:
    program("""
        array = np.array([1.0, 2.0])
        shared, same, copied = torch.from_numpy(array), torch.as_tensor(array), torch.tensor(array)
        array[0] = 5
        shared[1] = 7
        print(array, shared, same, copied)
    """)


def test_likes_keep_the_layout() -> None:
    program("""
        x = torch.zeros(2, 3, 4).permute(2, 0, 1)
        print(torch.ones_like(x).stride(), torch.full_like(x, 2).stride(), torch.rand_like(x).stride())
        print(torch.rand_like(x)[0], torch.randn_like(torch.zeros(5, 4).t()))
    """)


def test_typed_constructors_make_tensors_of_their_dtype() -> None:
    program("""
        print(torch.FloatTensor([1, 2.5]), torch.LongTensor([3, 4]), torch.LongTensor(1, 2).shape)
        print(torch.FloatTensor(2, 3).dtype, torch.FloatTensor(torch.ones(2)))
        print(torch.LongTensor, torch.LongTensor.dtype, isinstance(torch.ones(2), torch.FloatTensor))
        print(isinstance(torch.ones(2), torch.LongTensor), isinstance(2, torch.LongTensor))
        torch.LongTensor(torch.ones(2))
    """)


def test_a_subclass_constructs_itself() -> None:
    class Labelled(minigrad.Tensor):
        pass

    assert type(Labelled([1.0])) is Labelled
    assert type(Labelled(2, 3)) is Labelled


def test_complex_numbers_are_refused_by_name() -> None:
    for data in (1j, [1j], [1.0, 2j]):
        with pytest.raises(NotImplementedError, match="no complex dtypes"):
            minigrad.tensor(data)
    with pytest.raises(TypeError, match=r"numpy\.complex64. The only supported types are: float64"):
        minigrad.from_numpy(np.zeros(2, np.complex64))


def test_foreign_integers_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"numpy\.uint16. The only supported types are: float64"):
        minigrad.tensor(np.zeros(2, np.uint16))
