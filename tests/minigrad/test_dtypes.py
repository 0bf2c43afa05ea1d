"""dtypes, promotion, finfo and iinfo, Size and device: attributes, values, printing and errors are PyTorch's."""

from __future__ import annotations

import copy
import pickle

import pytest

from minigrad import dtypes
from tests.minigrad.oracle import agree, program

ALL = "[torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.half, torch.float, torch.double, "
ALL += "torch.bool]"


def test_attributes() -> None:
    program(f"""
        for d in {ALL}:
            print(d, d.itemsize, d.is_floating_point, d.is_signed, d.is_complex, torch.empty(0, dtype=d).type())
        print(torch.short, torch.long, torch.float is torch.float32, torch.half is torch.float16)
        print(torch.int is torch.int32, torch.bool)
    """)


def test_promotion_of_two_dtypes() -> None:
    program(f"""
        for a in {ALL}:
            print(a, [str(torch.promote_types(a, b)) for b in {ALL}], [torch.can_cast(a, b) for b in {ALL}])
    """)


@pytest.mark.parametrize("default", ["float16", "float32", "float64"])
def test_result_type_of_tensors_and_numbers(default: str) -> None:
    program(f"""
        torch.set_default_dtype(torch.{default})
        operands = [True, 2, 2.5] + [torch.zeros(shape, dtype=d) for d in {ALL} for shape in ((), (2,), (0,))]
        for a in operands:
            print([str(torch.result_type(a, b)) for b in operands])
        del a, operands
    """)


def test_number_types_of_numpy_count_as_numbers() -> None:
    program("""
        for number in (np.float32(1), np.float64(1), np.int8(1), np.bool_(True)):
            print(torch.result_type(1, number), torch.result_type(torch.ones(2, dtype=torch.int32), number))
    """)


def test_limits() -> None:
    program("""
        for d in (torch.float16, torch.float32, torch.float64):
            f = torch.finfo(d)
            print(f, f.bits, f.eps, f.max, f.min, f.resolution, f.smallest_normal, f.tiny, f.dtype)
        for d in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
            i = torch.iinfo(d)
            print(i, i.bits, i.max, i.min, i.dtype)
        torch.set_default_dtype(torch.float64)
        print(torch.finfo())
    """)


@pytest.mark.parametrize(
    "code",
    [
        "torch.set_default_dtype(torch.int64)",
        "torch.set_default_dtype('float32')",
        "torch.promote_types(torch.int8, 3)",
        "torch.promote_types(3, torch.int8)",
        "torch.can_cast(3, torch.int8)",
        "torch.can_cast(torch.int8, 3)",
        "torch.finfo(torch.int32)",
        "torch.finfo(3)",
        "torch.iinfo(torch.float32)",
        "torch.iinfo(3)",
    ],
)
def test_errors(code: str) -> None:
    agree(code)


@pytest.mark.parametrize(
    "code",
    [
        "s",
        "str(s)",
        "s[1:]",
        "s[::-1]",
        "s[1]",
        "s + (5,)",
        "(5,) + s",
        "s * 2",
        "2 * s",
        "s.numel()",
        "torch.Size([])",
        "torch.Size().numel()",
        "s == (2, 3, 4)",
        "torch.Size([np.int64(3), torch.tensor(4)])",
        "torch.Size([True])",
        "torch.Size([-1])",
        "torch.Size([2.0])",
        "torch.Size(['ab'])",
        "torch.Size([None])",
        "torch.Size(3)",
        "s + [1]",
        "s + 3",
        "torch.zeros(2, 3).shape[1:] + (1,)",
    ],
)
def test_size(code: str) -> None:
    agree(f"s = torch.Size([2, 3, 4]); {code}")


@pytest.mark.parametrize(
    "code",
    [
        "torch.device('cpu')",
        "str(torch.device('cpu'))",
        "torch.device('cpu', 0)",
        "str(torch.device('cuda:1'))",
        "torch.device('cpu:0') == torch.device('cpu')",
        "torch.device('cpu') == torch.device('cpu') and torch.device('cpu') != 'cpu'",
        "(torch.device('cpu').type, torch.device('cpu').index, torch.device('cpu:1').index)",
        "torch.device(torch.device('cpu'))",
        "torch.device(type='cpu')",
        "torch.device('foo')",
        "torch.device('cpu:x')",
        "torch.device('cpu:-1')",
        "torch.zeros(2, device='cuda')",
        "torch.zeros(2, device='cuda:1')",
        "torch.zeros(2, device='foo')",
        "torch.zeros(2, device=3.5)",
        "torch.zeros(2, device=torch.device('cpu'))",
        "torch.tensor([1.0], device='cuda')",
    ],
)
def test_device(code: str) -> None:
    agree(code)


def test_copies_and_pickles_of_a_dtype_are_that_dtype() -> None:
    for dtype in dtypes.DTYPES:
        assert copy.deepcopy(dtype) is dtype
        assert pickle.loads(pickle.dumps(dtype)) is dtype
        assert dtypes.FROM_NUMPY[dtype.numpy] is dtype


def test_sizes_and_devices_are_pickled() -> None:
    for value in (dtypes.Size([2, 3]), dtypes.device("cpu"), dtypes.device("cpu", 1)):
        again = pickle.loads(pickle.dumps(copy.deepcopy(value)))
        assert (type(again), again, hash(again)) == (type(value), value, hash(value))
