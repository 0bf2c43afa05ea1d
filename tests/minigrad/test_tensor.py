"""What a tensor is to Python and numpy, how it is copied and pickled, what may be set on it: as PyTorch has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.ops import MISSING
from tests.minigrad.oracle import agree, program

PYTHON = r"""
len(torch.ones(2, 3)), len(torch.ones(0))
len(torch.ones(()))
iter(torch.tensor(3))
list(torch.ones(2, 2))
a, b = torch.tensor([1.0, 2.0]); (a, b)
dict(zip("ab", torch.tensor([1, 2])))
reversed(torch.tensor([[1, 2], [3, 4]])), reversed(torch.tensor(1))
bool(torch.ones(1)), bool(torch.zeros(1, 1)), bool(torch.tensor(math.nan)), not torch.ones(1)
bool(torch.ones(2))
bool(torch.ones(0))
float(torch.ones(1)), float(torch.tensor(True)), int(torch.tensor(2.7)), int(torch.tensor([[-3]]))
float(torch.ones(2))
int(torch.tensor([]))
int(torch.tensor(nan))
int(torch.tensor(inf))
float(torch.ones(1, requires_grad=True))
int(torch.ones(1, requires_grad=True)), bool(torch.ones(1, requires_grad=True))
[1, 2, 3][torch.tensor(1)], [1, 2, 3][torch.tensor([[1]])], [1, 2, 3][torch.tensor(True)]
[1, 2, 3][torch.tensor(1.0)]
[1, 2, 3][torch.tensor([1, 2])]
list(range(torch.tensor([3]))), hex(torch.tensor(255)), "%d" % torch.tensor(3), "%.2f" % torch.tensor(3.5)
round(torch.tensor(2.567), 1), abs(torch.tensor(-2.6)), divmod(torch.tensor(7), 2)
math.sqrt(torch.tensor(4.0)), math.floor(torch.tensor(4.5)), math.trunc(torch.tensor(-4.5))
sum([torch.ones(2), torch.ones(2)]), max(torch.tensor([1.0, 3.0, 2.0])), sorted(torch.tensor([3, 1, 2]))
1.0 in torch.ones(2), 3 in torch.ones(2), torch.tensor(1.0) in torch.ones(2), nan in torch.tensor([nan])
'a' in torch.ones(2)
None in torch.ones(2)
[1.0] in torch.ones(2)
torch.ones(2) == None, torch.ones(2) != None, torch.ones(2) == "a"
x = torch.ones(2); {x: 1}[x], x in [x], hash(x) == hash(x)
torch.ones(2).item()
torch.tensor([]).item()
torch.ones(1, 1).item(), torch.tensor(True).item(), torch.tensor(3).tolist(), torch.ones(0, 3).tolist()
torch.is_tensor(torch.ones(2)), torch.is_tensor([1])
torch.is_floating_point(torch.ones(2)), torch.is_floating_point(torch.tensor(1)), torch.numel(torch.ones(2, 3))
torch.is_floating_point(3)
torch.is_complex(torch.ones(2)), torch.ones(2).is_complex()
torch.numel(3)
torch.cuda.is_available(), torch.accelerator.is_available(), torch.backends.mps.is_available()
torch.cuda.device_count(), torch.cuda.manual_seed_all(0), torch.backends.cudnn.deterministic
torch.set_default_device("cpu"), torch.get_default_device(), torch.use_deterministic_algorithms(False)
torch.set_default_device("nonsense")
x = torch.zeros(2); torch.sin_(x) is x, torch.fill_(x, 2), torch.clamp_(x, max=1), x._version
torch.exp_(torch.ones(2, requires_grad=True))
"""

NUMPY = r"""
np.array(torch.ones(2).numpy()), np.asarray(torch.ones(2, dtype=torch.float16)).dtype
torch.ones(2).__array__(np.float64)
np.asarray(torch.ones(2, requires_grad=True))
torch.ones(2, requires_grad=True).numpy()
torch.ones(2, requires_grad=True).numpy(force=True)
np.float32(2) * torch.ones(2), torch.ones(2) * np.float64(2), torch.ones(2) + np.float32(2)
np.ones(2) * torch.ones(2, requires_grad=True)
torch.ones(2, requires_grad=True) * np.ones(2)
np.exp(torch.ones(2, requires_grad=True))
np.allclose(torch.ones(2), torch.ones(2))
"""

ATTRIBUTES = r"""
x = torch.ones(2, 3, dtype=torch.float64); x.layout, x.device, x.itemsize, x.nbytes, x.is_cpu, x.is_cuda
x = torch.ones(2, 3); x.dim(), x.ndim, x.ndimension(), x.nelement(), x.numel(), x.element_size()
x = torch.ones(2, 3); x.size(), x.size(1), x.size(-1), x.size(dim=0), x.size(torch.tensor(1)), x.size(None)
torch.ones(2, 3).size(2)
torch.ones(()).size(0)
torch.ones(2).is_contiguous(memory_format=torch.contiguous_format)
torch.zeros_like(torch.ones(2), memory_format=torch.preserve_format)
torch.zeros(2, layout=torch.strided)
torch.ones(2).foo
x = torch.ones(2); x.requires_grad = 1; x
x = torch.ones(2); x.requires_grad = "a"; x
x = torch.tensor(2); x.requires_grad = True; x
torch.tensor(2).requires_grad_()
x = torch.ones(2, requires_grad=True) * 2; x.requires_grad = False; x
x = torch.ones(2, requires_grad=True) * 2; x.requires_grad = True; x
(torch.ones(2, requires_grad=True) * 2).requires_grad_().requires_grad
x = torch.ones(2); x.data = torch.zeros(3); x
x = torch.ones(2); x.data = 3; x
x = torch.ones(2); x.data = torch.zeros(3, dtype=torch.int64); x
x = torch.ones(2, requires_grad=True); x.data = torch.zeros(3, dtype=torch.int64); x
x = torch.ones(2, requires_grad=True); x.data = torch.zeros(3, dtype=torch.float64); x
x = torch.ones(2); x.grad = 3; x
x = torch.ones(2); x.grad = x; x
x = torch.ones(2); x.grad = torch.ones(3); x
x = torch.ones(2); x.grad = torch.ones(2, dtype=torch.float16); x
x = torch.ones(2, dtype=torch.int64); x.grad = torch.ones(2); x
x = torch.ones(2, dtype=torch.int64); x.grad = torch.ones(2, dtype=torch.int64); x.grad
x = torch.ones(2); x.grad = torch.ones(2); del x.grad; x.grad
"""

NEW = r"""
torch.ones(2).new_tensor([1, 2]), torch.ones(2).new_tensor([1, 2], dtype=torch.int64)
torch.ones(2).new_tensor([1, 2], requires_grad=True)
torch.ones(2).new_tensor([1, 2], dtype=torch.int64, requires_grad=True)
torch.ones(2).new_tensor(torch.ones(2))
torch.ones(2).new_tensor()
torch.ones(2).new_zeros('a')
torch.ones(2).new_zeros()
torch.ones(2).new_zeros(2.0)
torch.ones(2).new_zeros(-1)
torch.ones(2).new_ones((2, 'a'))
torch.ones(2).new_full((2,))
torch.ones(2).new_full(2, 3)
torch.tensor([1]).new_full((2,), 3.5)
torch.ones(2).new_zeros(2, foo=3)
torch.ones(2).new_zeros(size=(2, 3)), torch.ones(2, dtype=torch.int32).new_ones(2)
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("code", lines(PYTHON))
def test_to_python(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(NUMPY))
def test_to_numpy(code: str) -> None:
    agree(code, but="warnings")


@pytest.mark.parametrize("code", lines(ATTRIBUTES))
def test_attributes(code: str) -> None:
    agree(code)


@pytest.mark.parametrize("code", lines(NEW))
def test_new_tensors_of_the_same_dtype(code: str) -> None:
    agree(code)


def test_iteration_records_one_unbind() -> None:
    agree("list(x)", x=(2, 3))
    agree("a, b = x; a * b", x=(2,))
    agree("reversed(x)", x=(3,))


@pytest.mark.parametrize("code", ["np.sin(x)", "x * np.ones(2)", "x - np.ones(2)", "np.greater(x, 0)", "np.isnan(x)"])
def test_what_numpy_computes_of_tensors_is_a_tensor(code: str) -> None:
    agree(f"x = torch.ones(2); {code}", but="warnings")


COPIES = """
    import copy, io, pickle
    def copied(x):
        return copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))
"""


@pytest.mark.parametrize(
    "make",
    [
        "torch.ones(2)",
        "torch.ones(2, 3, requires_grad=True)",
        "torch.arange(6).reshape(2, 3).t()",
        "torch.tensor(True)",
        "torch.ones(0, 3, dtype=torch.float16)",
    ],
)
def test_leaves_are_copied_and_pickled(make: str) -> None:
    program(f"""{COPIES}
    x = {make}
    x.note = [1]
    for y in copied(x):
        print(y, type(y) is type(x), y.stride(), y.is_leaf, y.requires_grad, y.note, y.note is x.note)
    del y
    """)


def test_parameters_are_copied_and_pickled() -> None:
    program(f"""{COPIES}
    x = nn.Parameter(torch.ones(2))
    print(*copied(x), *[type(y) is nn.Parameter for y in copied(x)])
    """)


def test_a_copy_shares_memory_and_a_deep_copy_has_its_own_with_the_gradient() -> None:
    program(f"""{COPIES}
    x = torch.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    shallow, deep, pickled = copied(x)
    x.detach().fill_(7)
    print(shallow, deep, pickled, shallow.grad, deep.grad, pickled.grad, deep.grad is x.grad)
    a, b = copy.deepcopy([x, x])
    print(a is b)
    del shallow, deep, pickled, a, b
    """)


def test_what_has_a_history_is_pickled_as_a_leaf_and_not_deep_copied() -> None:
    program(f"""{COPIES}
    x = torch.ones(2, requires_grad=True) * 2
    print(pickle.loads(pickle.dumps(x)), copy.copy(x), pickle.loads(pickle.dumps(x)).is_leaf)
    copy.deepcopy(x)
    """)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'fft'.* dir\(minigrad\) lists what is there"):
        _ = minigrad.fft
    x = minigrad.ones(2)
    with pytest.raises(AttributeError, match=r"'Tensor' object has no attribute 'svd'\. .* dir\(\) of a tensor lists"):
        x.svd()
    assert not any(hasattr(x, name) or hasattr(minigrad.Tensor, name) for name in MISSING)
    assert {"svd", "qr", "renorm"} <= MISSING
    assert not MISSING & {*dir(x)}
    assert {"exp", "grad", "add_"} <= {*dir(x)}
    assert {"exp", "zeros", "float32", "Tensor", "nn", "optim"} <= set(dir(minigrad))


def test_warnings_point_at_the_line_of_the_caller() -> None:
    grown = minigrad.ones(1, requires_grad=True)
    for _ in range(2):  # reading the arguments for the first time, and knowing them
        for make in (
            lambda: minigrad.tensor(grown.detach()),
            lambda: grown.new_tensor(grown.detach()),
            lambda: minigrad.tensor([grown]),
            lambda: minigrad.tensor([np.ones(1), np.ones(1)]),
            lambda: float(grown),
            lambda: minigrad.nn.MSELoss()(grown, minigrad.ones(2)),
        ):
            with pytest.warns(UserWarning, match="recommended|unexpected|slow|broadcasting") as warned:
                make()
            assert [Path(entry.filename).name for entry in warned] == ["test_tensor.py"] * len(warned)
