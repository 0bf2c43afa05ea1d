"""Products of matrices and vectors.

What multiplies is ``mm``, ``mv``, ``dot`` and ``bmm``, a row each. ``matmul`` brings its operands into the shape
of one of them, in the steps PyTorch takes, so that the graph of ``x @ w`` is PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY, type_name
from ..tensor import Tensor
from . import shaping
from .arguments import broadcast_error, must_be_tensor
from .dual import dual, expand, reshape, t, transpose, unsqueeze
from .templates import Operation

_times, _times3, _times_vector, _outer = (
    dual(name, function)
    for name, function in {"mm": np.matmul, "bmm": np.matmul, "mv": np.matmul, "outer": np.outer}.items()
)
_squeeze = dual("squeeze", np.squeeze)

_C_NAMES = {
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
    "bool": "bool",
}


def _product(a: np.ndarray, b: np.ndarray, kernel: str = "addmm_impl_cpu_") -> np.ndarray:
    if a.dtype.kind == "b":
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")
    return np.asarray(np.matmul(a, b))


def _scaled(value: Any, factor: float) -> Any:
    return value if factor == 1 else value * factor


def _weighted(self: np.ndarray, product: np.ndarray, beta: float, alpha: float) -> np.ndarray:
    """``beta * self + alpha * product``, into the product's own memory."""
    if alpha != 1:
        product *= product.dtype.type(alpha)
    if beta:  # with beta 0 a NaN in self does not count
        product += self if beta == 1 else self * self.dtype.type(beta)
    return product


_mm = Operation(
    "mm",
    lambda self, mat2: _product(self, mat2),
    {"self": lambda grad, mat2: _times(grad, t(mat2)), "mat2": lambda grad, self: _times(t(self), grad)},
    shows=("self_sym_sizes", "self_sym_strides", "mat2_sym_sizes", "mat2_sym_strides"),
    formula={"self": r"\bar{Z} B^\top", "mat2": r"A^\top \bar{Z}"},
)
_bmm = Operation(
    "bmm",
    lambda self, mat2: _product(self, mat2, "bmm"),
    {
        "self": lambda grad, mat2: _times3(grad, transpose(mat2, 1, 2)),
        "mat2": lambda grad, self: _times3(transpose(self, 1, 2), grad),
    },
    formula={"self": r"\bar{Z}_i B_i^\top", "mat2": r"A_i^\top \bar{Z}_i"},
)
_mv = Operation(
    "mv",
    lambda self, vec: _product(self, vec, "addmv_impl_cpu"),
    {
        "self": lambda grad, vec: _outer(grad, vec),
        "vec": lambda grad, self: _times_vector(t(self), grad),
    },
    formula={"self": r"\bar{z} v^\top", "vec": r"A^\top \bar{z}"},
)
_dot = Operation(
    "dot",
    lambda self, tensor: _product(self, tensor, "dot"),
    {"self": lambda grad, tensor: grad * tensor, "tensor": lambda grad, self: grad * self},
    formula={"self": r"\bar{z}\, y", "tensor": r"\bar{z}\, x"},
)
_addmm = Operation(
    "addmm",
    lambda self, mat1, mat2, beta, alpha: _weighted(self, _product(mat1, mat2), beta, alpha),
    {
        "self": lambda grad, beta: _scaled(grad, beta),
        "mat1": lambda grad, mat2, alpha: _scaled(_times(grad, t(mat2)), alpha),
        "mat2": lambda grad, mat1, alpha: _scaled(_times(t(mat1), grad), alpha),
    },
    shows=("mat1_sym_sizes", "mat1_sym_strides", "mat2_sym_sizes", "mat2_sym_strides"),
    formula={"self": r"\beta \bar{Z}", "mat1": r"\alpha \bar{Z} B^\top", "mat2": r"\alpha A^\top \bar{Z}"},
)
_addmv = Operation(
    "addmv",
    lambda self, mat, vec, beta, alpha: _weighted(self, _product(mat, vec, "addmv_impl_cpu"), beta, alpha),
    {
        "self": lambda grad, beta: _scaled(grad, beta),
        "mat": lambda grad, vec, alpha: _scaled(_outer(grad, vec), alpha),
        "vec": lambda grad, mat, alpha: _scaled(_times_vector(t(mat), grad), alpha),
    },
    formula={"self": r"\beta \bar{z}", "mat": r"\alpha \bar{z} v^\top", "vec": r"\alpha A^\top \bar{z}"},
)
_baddbmm = Operation(
    "baddbmm",
    lambda self, batch1, batch2, beta, alpha: _weighted(self, _product(batch1, batch2, "bmm"), beta, alpha),
    {
        "self": lambda grad, beta: _scaled(grad, beta),
        "batch1": lambda grad, batch2, alpha: _scaled(_times3(grad, transpose(batch2, 1, 2)), alpha),
        "batch2": lambda grad, batch1, alpha: _scaled(_times3(transpose(batch1, 1, 2), grad), alpha),
    },
    formula={"self": r"\beta \bar{Z}", "batch1": r"\alpha \bar{Z}_i B_i^\top", "batch2": r"\alpha A_i^\top \bar{Z}_i"},
)
_squeeze_ = Operation(  # squeezing a result that nobody has seen yet
    "squeeze_",
    lambda self, dim: np.squeeze(self, dim),
    {"self": lambda grad, dim: unsqueeze(grad, dim)},
    node="SqueezeBackward4",
    shows=("self_sym_sizes",),
    formula={"self": r"\bar{z}"},
)


def _arrays(function: str, **tensors: Any) -> list[np.ndarray]:
    for position, (name, value) in enumerate(tensors.items(), 1):
        if not isinstance(value, Tensor):
            raise must_be_tensor(function, name, position, value)
    return [value._array for value in tensors.values()]


def _same_dtype(a: np.ndarray, b: np.ndarray) -> None:
    if a.dtype != b.dtype:
        names = f"{_C_NAMES[a.dtype.name]} != {_C_NAMES[b.dtype.name]}"
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names}")


def _check_matrices(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    _same_dtype(a, b)


def mm(input: Tensor, mat2: Tensor, *, out: None = None) -> Tensor:
    """The product of two matrices: (n, m) and (m, p) give (n, p).

    Raises:
        RuntimeError: one is not a matrix, the inner lengths or the dtypes differ.

    See https://docs.pytorch.org/docs/stable/generated/torch.mm.html
    """
    a, b = _arrays("mm", input=input, mat2=mat2)
    if a.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if b.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    _check_matrices(a, b)
    return _mm(input, mat2)


def mv(input: Tensor, vec: Tensor, *, out: None = None) -> Tensor:
    """The product of a matrix (n, m) and a vector (m): a vector (n).

    See https://docs.pytorch.org/docs/stable/generated/torch.mv.html
    """
    a, b = _arrays("mv", input=input, vec=vec)
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
        )
    if a.dtype != b.dtype:
        x, y = FROM_NUMPY[a.dtype].scalar_name, FROM_NUMPY[b.dtype].scalar_name
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {y}, {x}, and {y}")
    return _mv(input, vec)


def dot(input: Tensor, tensor: Tensor, *, out: None = None) -> Tensor:
    """The sum of the products of two vectors' elements.

    >>> import minigrad as torch
    >>> torch.dot(torch.tensor([2., 3.]), torch.tensor([2., 1.]))
    tensor(7.)

    See https://docs.pytorch.org/docs/stable/generated/torch.dot.html
    """
    a, b = _arrays("dot", input=input, tensor=tensor)
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype != b.dtype:
        x, y = FROM_NUMPY[a.dtype].scalar_name, FROM_NUMPY[b.dtype].scalar_name
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {x} and {y}")
    if a.size != b.size:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the same number of "
            f"elements, but got {a.size} and {b.size} elements respectively"
        )
    return _dot(input, tensor)


def _check_batches(a: np.ndarray, b: np.ndarray) -> None:
    if a.ndim != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if b.ndim != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if b.shape[:2] != (a.shape[0], a.shape[2]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )
    if a.dtype != b.dtype:
        x, y = FROM_NUMPY[a.dtype].scalar_name, FROM_NUMPY[b.dtype].scalar_name
        raise RuntimeError(f"expected scalar type {x} but found {y}")


def bmm(input: Tensor, mat2: Tensor, *, out: None = None) -> Tensor:
    """Products of matrices, one for each of a batch: (b, n, m) and (b, m, p) give (b, n, p).

    See https://docs.pytorch.org/docs/stable/generated/torch.bmm.html
    """
    _check_batches(*_arrays("bmm", input=input, mat2=mat2))
    return _bmm(input, mat2)


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1, out: None = None) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; ``input`` broadcasts.

    See https://docs.pytorch.org/docs/stable/generated/torch.addmm.html
    """
    x, a, b = _arrays("addmm", input=input, mat1=mat1, mat2=mat2)
    if a.ndim != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {a.ndim}-D tensor")
    if b.ndim != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {b.ndim}-D tensor")
    if a.shape[1] != b.shape[0]:
        _check_matrices(a, b)
    if x.dtype != b.dtype:
        names = f"{FROM_NUMPY[x.dtype].scalar_name} and {FROM_NUMPY[b.dtype].scalar_name}"
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {names}")
    _same_dtype(a, b)
    _check_expands(x, (a.shape[0], b.shape[1]))
    return _addmm(input, mat1, mat2, beta, alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1, out: None = None) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``; ``input`` broadcasts.

    See https://docs.pytorch.org/docs/stable/generated/torch.addmv.html
    """
    x, a, b = _arrays("addmv", input=input, mat=mat, vec=vec)
    if a.ndim != 2 or b.ndim != 1 or x.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {x.ndim}, {a.ndim}, {b.ndim}")
    if a.shape[1] != b.shape[0] or (x.ndim and x.size not in (1, a.shape[0])):
        raise RuntimeError(f"size mismatch, got input ({x.size}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})")
    if not x.dtype == a.dtype == b.dtype:
        names = [FROM_NUMPY[array.dtype].scalar_name for array in (x, a, b)]
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {names[0]}, {names[1]}, and {names[2]}"
        )
    return _addmv(input, mat, vec, beta, alpha)


def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1, out: None = None
) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2)`` for each matrix of the batches; ``input`` broadcasts.

    See https://docs.pytorch.org/docs/stable/generated/torch.baddbmm.html
    """
    x, a, b = _arrays("baddbmm", input=input, batch1=batch1, batch2=batch2)
    _check_batches(a, b)
    _check_expands(x, (*a.shape[:2], b.shape[2]))
    return _baddbmm(input, batch1, batch2, beta, alpha)


def _check_expands(array: np.ndarray, target: tuple[int, ...]) -> None:
    shape = array.shape
    extra = len(target) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand({type_name(FROM_NUMPY[array.dtype])}{{{list(shape)}}}, size={list(target)}): the number of sizes "
            f"provided ({len(target)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    for place, have in reversed(list(enumerate(shape, extra))):
        if have not in (1, target[place]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[place]}) must match the existing size ({have}) at "
                f"non-singleton dimension {place}.  Target sizes: {list(target)}.  Tensor sizes: {list(shape)}"
            )


def outer(input: Tensor, vec2: Tensor, *, out: None = None) -> Tensor:
    """Every product of an element of one vector with one of the other: (n) and (m) give (n, m).

    See https://docs.pytorch.org/docs/stable/generated/torch.outer.html
    """
    a, b = _arrays("outer", input=input, vec2=vec2)
    for name, array in (("self", a), ("vec2", b)):
        if array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {array.ndim}-D")
    return reshape(input, (a.size, 1)) * vec2


# matmul: any two shapes.


def _matmul(input: Tensor, other: Any) -> Any:
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        return NotImplemented
    a, b = input._array, other._array
    if a.ndim == 2 and b.ndim == 2:
        _check_matrices(a, b)
        return _mm(input, other)
    if a.ndim == 0 or b.ndim == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D")
    if b.ndim == 1 and a.ndim < 3:
        return dot(input, other) if a.ndim == 1 else mv(input, other)
    if a.ndim == 1 and b.ndim == 2:
        return _squeeze_(mm(unsqueeze(input, 0), other), 0)
    if _folds(input, other):
        return _fold(input, other)
    if a.ndim == b.ndim == 3 and len(a) != len(b):
        if len(a) == 1 and input.requires_grad:
            return _matmul(_squeeze(input, 0), other)
        if len(b) == 1 and other.requires_grad:
            return _matmul(input, _squeeze(other, 0))
    return _in_batches(input, other)


def _folds(input: Tensor, other: Tensor) -> bool:
    """Whether the batch of one operand becomes more rows of a matrix: no copies, and no sum over the batch after."""
    first_larger = input._array.ndim >= other._array.ndim
    large, small = (input, other) if first_larger else (other, input)
    if small._array.ndim > 2:
        return False
    if small.requires_grad:
        return True
    if input._array.ndim == 2:
        return False
    array = large._array if first_larger else large._array.swapaxes(-1, -2)
    return not array.size or all(
        array.strides[i] == array.strides[i + 1] * array.shape[i + 1] for i in range(array.ndim - 2)
    )


def _fold(input: Tensor, other: Tensor) -> Tensor:
    swapped = other._array.ndim > input._array.ndim
    large, small = (transpose(other, -1, -2), input) if swapped else (input, other)
    if swapped and small._array.ndim == 2:
        small = t(small)
    *rows, inner = large._array.shape
    folded = reshape(large, (math.prod(rows), inner))
    if small._array.ndim == 1:
        return shaping._unsafe_view(mv(folded, small), tuple(rows))
    result = shaping._unsafe_view(mm(folded, small), (*rows, small._array.shape[1]))
    return transpose(result, -1, -2).contiguous() if swapped else result


def _in_batches(input: Tensor, other: Tensor) -> Tensor:
    """As a batch of products, both operands stretched over all of it."""
    a, b = input._array.shape, other._array.shape
    try:
        batch = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise broadcast_error(a[:-2], b[:-2]) from None
    count = math.prod(batch)
    rows = a[-2:-1] or (1,)
    left = reshape(expand(input, (*batch, *rows, a[-1])), (count, *rows, a[-1]))
    if len(b) == 1:
        right = unsqueeze(reshape(expand(other, (*batch, *b)), (count, *b)), 2)
        return shaping._unsafe_view(_squeeze(bmm(left, right), -1), (*batch, *rows))
    right = reshape(expand(other, (*batch, *b[-2:])), (count, *b[-2:]))
    return shaping._unsafe_view(bmm(left, right), (*batch, *a[-2:-1], b[-1]))


def matmul(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """``input @ other``: vectors, matrices, and batches of them that broadcast.

    >>> import minigrad as torch
    >>> (torch.ones(2, 3) @ torch.ones(3)).shape, (torch.ones(5, 2, 3) @ torch.ones(3, 4)).shape
    (torch.Size([2]), torch.Size([5, 2, 4]))

    Raises:
        RuntimeError: the inner lengths or the dtypes differ, the batches do not broadcast, an operand is 0-d.

    See https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
    """
    _arrays("matmul", input=input, other=other)
    return _matmul(input, other)


BOTH = (mm, mv, dot, bmm, addmm, addmv, baddbmm, outer, matmul)
IN_PLACE = (addmm, addmv, baddbmm)
ALIASES = {"ger": outer}
OPERATORS = {"__matmul__": _matmul}
