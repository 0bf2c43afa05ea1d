"""Products of matrices and vectors, and of any dimensions named by letters (einsum).

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
from .arguments import broadcast_error, must_be_tensor, wrap_dim
from .arithmetic import mul as times
from .dual import dual, expand, like, permute, reshape, t, total, transpose, unsqueeze
from .templates import Operation

_times, _times3, _times_vector = (dual(name, np.matmul) for name in ("mm", "bmm", "mv"))
_outer, _squeeze = dual("outer", np.outer), dual("squeeze", np.squeeze)

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


def _by_columns(grad: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether a matrix lies in memory column by column, as a transposed one does."""
    return strides[0] == grad.itemsize and strides[1] == grad.itemsize * shape[0]


def _times_turned(a: Any, b: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """``a @ b.T``, laid out as the matrix is whose gradient it will be."""
    return t(_times(b, t(a))) if _by_columns(a, shape, strides) else _times(a, t(b))


def _turned_times(a: Any, b: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """``a.T @ b``, laid out as the matrix is whose gradient it will be."""
    return t(_times(t(b), a)) if _by_columns(b, shape, strides) else _times(t(a), b)


_mm = Operation(
    "mm",
    lambda self, mat2: _product(self, mat2),
    {
        "self": lambda grad, mat2, self_sym_sizes, self_sym_strides: _times_turned(
            grad, mat2, self_sym_sizes, self_sym_strides
        ),
        "mat2": lambda grad, self, mat2_sym_sizes, mat2_sym_strides: _turned_times(
            self, grad, mat2_sym_sizes, mat2_sym_strides
        ),
    },
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
        "mat1": lambda grad, mat2, mat1_sym_sizes, mat1_sym_strides, alpha: _scaled(
            _times_turned(grad, mat2, mat1_sym_sizes, mat1_sym_strides), alpha
        ),
        "mat2": lambda grad, mat1, mat2_sym_sizes, mat2_sym_strides, alpha: _scaled(
            _turned_times(mat1, grad, mat2_sym_sizes, mat2_sym_strides), alpha
        ),
    },
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
    if not fits(input, mat1, mat2):
        _check_addmm(input, mat1, mat2)
    return _addmm(input, mat1, mat2, beta, alpha)


def fits(input: Any, mat1: Any, mat2: Any) -> bool:
    """Whether addmm can take them as they come: the usual case, told quickly."""
    try:
        x, a, b = input._array, mat1._array, mat2._array
    except AttributeError:
        return False
    return (
        a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and a.dtype is b.dtype is x.dtype and x.shape == b.shape[1:]
    )


def _check_addmm(input: Tensor, mat1: Tensor, mat2: Tensor) -> None:
    x, a, b = _arrays("addmm", input=input, mat1=mat1, mat2=mat2)
    if a.ndim != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {a.ndim}-D tensor")
    if b.ndim != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {b.ndim}-D tensor")
    if a.shape[1] != b.shape[0]:
        _check_matrices(a, b)
    for name, array in (("mat1", a), ("self", x)):
        if array.dtype != b.dtype:
            names = f"{FROM_NUMPY[array.dtype].scalar_name} and {FROM_NUMPY[b.dtype].scalar_name}"
            raise RuntimeError(f"{name} and mat2 must have the same dtype, but got {names}")
    _check_expands(x, (a.shape[0], b.shape[1]))


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
            f"provided ({len(target)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
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


def _matmul(input: Any, other: Any) -> Any:
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
        result = _squeeze_(mm(unsqueeze(input, 0), other), 0)
        result._changed()
        return result
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
    large, small = (transpose(other, -2, -1), input) if swapped else (input, other)
    if swapped and small._array.ndim == 2:
        small = t(small)
    *rows, inner = large._array.shape
    folded = reshape(large, (math.prod(rows), inner))
    if small._array.ndim == 1:
        return shaping._unsafe_view(mv(folded, small), tuple(rows))
    result = shaping._unsafe_view(mm(folded, small), (*rows, small._array.shape[1]))
    return transpose(result, -2, -1).contiguous() if swapped else result


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


# More dimensions: tensordot, inner, einsum


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: None = None) -> Tensor:
    """The sum of products over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over two lists of them.

    See https://docs.pytorch.org/docs/stable/generated/torch.tensordot.html
    """
    x, y = _arrays("tensordot", a=a, b=b)
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(x.ndim, y.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = list(range(-dims, 0)), list(range(dims))
    firsts, seconds = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(firsts) != len(seconds):
        raise RuntimeError("both dimension lists should have same length")
    for first, second in zip(firsts, seconds, strict=True):
        m, n = x.shape[wrap_dim(first, x.ndim)], y.shape[wrap_dim(second, y.ndim)]
        if n == 1:
            a = total(a, (first,), True)
        elif m == 1:
            b = total(b, (second,), True)
        elif m != n:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {m} in dim {first} and second has size {n} "
                f"in dim {second}"
            )
    return _contract(a, b, firsts, seconds)


def _contract(a: Any, b: Any, firsts: list[int], seconds: list[int]) -> Tensor:
    shape_a, shape_b = a._array.shape, b._array.shape
    left = [d for d in range(len(shape_a)) if d not in firsts and d - len(shape_a) not in firsts]
    right = [d for d in range(len(shape_b)) if d not in seconds and d - len(shape_b) not in seconds]
    a, b = permute(a, (*left, *firsts)), permute(b, (*seconds, *right))
    shape = tuple(shape_a[d] for d in left) + tuple(shape_b[d] for d in right)
    if math.prod(shape) == 1:
        return reshape(dot(a.flatten(), b.flatten()), shape)
    inner = math.prod(shape_a[d] for d in firsts)
    rows = math.prod(shape_a[d] for d in left)
    return reshape(mm(reshape(a, (rows, inner)), reshape(b, (inner, math.prod(shape) // rows if rows else 0))), shape)


def inner(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The sums of products over the last dimension of both.

    See https://docs.pytorch.org/docs/stable/generated/torch.inner.html
    """
    a, b = _arrays("inner", input=input, other=other)
    if not a.ndim or not b.ndim:
        return times(input, other)
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(a.shape)} and {list(b.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def einsum(equation: str, *operands: Any) -> Tensor:
    """Products of tensors summed over the letters that the result does not have.

    >>> import minigrad as torch
    >>> torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(3, 4)).shape
    torch.Size([2, 4])

    ``...`` stands for dimensions that broadcast; without ``->`` the result has the letters that occur once, sorted.

    Raises:
        RuntimeError: the equation does not fit the operands.

    See https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
    """
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    inputs, output = _parse(equation, len(operands))
    broadcast = _broadcast_dims(inputs, operands)
    summed = sorted({letter for labels in inputs for letter in labels if letter != "."} - set(output))
    places: dict[str, int] = {}  # each letter's dimension; the summed ones come last
    for letter in output:
        places[letter] = len(places) + (broadcast - 1 if "." in places else 0)
    outer_dims = len(output) + (broadcast - 1 if "." in output else 0)
    inner_dims = len(summed)
    if "." not in output and broadcast:
        places["."], inner_dims = outer_dims, inner_dims + broadcast
    places |= {letter: outer_dims + (inner_dims - len(summed)) + i for i, letter in enumerate(summed)}
    terms = _align(inputs, operands, places, broadcast, outer_dims + inner_dims)
    if len(terms) == 1:
        return total(terms[0], tuple(range(outer_dims, outer_dims + inner_dims)))
    result = _multiply_out(terms, outer_dims, outer_dims + inner_dims)
    return result.view(result._array.shape[:outer_dims]) if inner_dims else result


def _parse(equation: str, operands: int) -> tuple[list[str], str]:
    """The letters of each operand and of the result, "." for an ellipsis."""

    def read(text: str, offset: int, where: str) -> str:
        labels = ""
        for place, letter in enumerate(text.replace("...", ".  "), offset):
            if letter == ".":
                if "." in labels:
                    raise RuntimeError(f"einsum(): found '.' {where} for which an ellipsis was already found")
                if not text[place - offset :].startswith("..."):
                    raise RuntimeError(f"einsum(): found '.' {where} that is not part of any ellipsis")
            elif letter != " " and not (letter.isascii() and letter.isalpha()):
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {place} in the equation string, subscripts must be in "
                    "[a-zA-Z]"
                )
            labels += letter.strip()
        return labels

    left, arrow, right = equation.partition("->")
    inputs, offset = [], 0
    for number, text in enumerate(left.split(",")):
        if number >= operands:
            raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
        inputs.append(read(text, offset, f"for operand {number}"))
        offset += len(text) + 1
    if len(inputs) < operands:
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    if arrow:
        output = read(right, offset + 1, "for the output")
        for letter in output:
            if output.count(letter) > 1:
                raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
            if letter != "." and not any(letter in labels for labels in inputs):
                raise RuntimeError(
                    f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
                )
    else:
        everything = "".join(inputs)
        once = sorted(letter for letter in set(everything) - {"."} if everything.count(letter) == 1)
        output = ("." if "." in everything else "") + "".join(once)
    return inputs, output


def _broadcast_dims(inputs: list[str], operands: tuple[Any, ...]) -> int:
    """How many dimensions the ellipsis stands for; checks that letters and lengths agree."""
    broadcast, lengths = 0, dict[str, int]()
    for number, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        shape = operand._array.shape
        named = len(labels.replace(".", ""))
        if named > len(shape) or ("." not in labels and named < len(shape)):
            does_not_fit = "is more than" if "." in labels else "does not match"
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) {does_not_fit} the number of dimensions "
                f"({len(shape)}) for operand {number}" + ("" if "." in labels else " and no ellipsis was given")
            )
        if "." in labels:
            broadcast = max(broadcast, len(shape) - named)
        for letter, length in _lengths(labels, shape):
            if labels.count(letter) > 1 and dict(_lengths(labels, shape))[letter] != length:
                raise RuntimeError(
                    f"einsum(): subscript {letter} is repeated for operand {number} but the sizes don't match, "
                    f"{dict(_lengths(labels, shape))[letter]} != {length}"
                )
            seen = lengths.get(letter, 1)
            if 1 != seen != length != 1:
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {length} for operand {number} which does not broadcast "
                    f"with previously seen size {seen}"
                )
            lengths[letter] = max(seen, length)
    return broadcast


def _lengths(labels: str, shape: tuple[int, ...]) -> list[tuple[str, int]]:
    before, _, after = labels.partition(".")
    return [*zip(before, shape, strict=False), *zip(reversed(after), reversed(shape), strict=False)]


def _align(
    inputs: list[str], operands: tuple[Any, ...], places: dict[str, int], broadcast: int, ndim: int
) -> list[Any]:
    """Every operand with all dimensions in one order, those that it lacks at length 1."""
    terms = []
    for labels, given in zip(inputs, operands, strict=True):
        order, seen = [-1] * ndim, dict[str, int]()
        operand, dim = given, 0
        for letter in labels:
            if letter == ".":
                for k in range(len(labels) - 1 + broadcast - given._array.ndim, broadcast):
                    order[places["."] + k] = dim
                    dim += 1
            elif letter in seen:
                operand = operand.diagonal(0, seen[letter], dim).movedim(-1, seen[letter])
            else:
                seen[letter] = order[places[letter]] = dim
                dim += 1
        for place in range(ndim):
            if order[place] < 0:
                operand, order[place] = unsqueeze(operand, dim), dim
                dim += 1
        terms.append(permute(operand, tuple(order)))
    return terms


def _multiply_out(terms: list[Any], outer_dims: int, ndim: int) -> Any:
    """The product of the terms from left to right; a dimension is summed as soon as no later term has it."""
    waiting = [sum(term._array.shape[d] != 1 for term in terms) for d in range(ndim)]
    a = terms[0]
    for term in terms[1:]:
        b = term
        both: list[int] = []
        only_a: list[int] = []
        only_b: list[int] = []
        for d in range(outer_dims, ndim):
            in_a, in_b = a._array.shape[d] != 1, b._array.shape[d] != 1
            if in_a and in_b:
                waiting[d] -= 1
                if waiting[d] == 1:
                    both.append(d)
                    waiting[d] = 0
            elif waiting[d] == 1 and (in_a or in_b):
                (only_a if in_a else only_b).append(d)
                waiting[d] = 0
        a, b = total(a, tuple(only_a), True), total(b, tuple(only_b), True)
        a = _sum_of_products(a, b, both) if both else a * b
    return a


def _sum_of_products(a: Any, b: Any, summed: list[int]) -> Any:
    """``a * b`` summed over some dimensions (kept at length 1), as one batched product of matrices."""
    m, n = a._array.shape, b._array.shape
    rest = [d for d in range(len(m)) if d not in summed]
    batch = [d for d in rest if m[d] != 1 != n[d]]
    left = [d for d in rest if m[d] != 1 == n[d]]
    right = [d for d in rest if m[d] == 1]
    if left and right and left[0] > right[-1]:  # so that the product lies in the order of the result
        a, b, m, n, left, right = b, a, n, m, right, left
    count, inner = math.prod(m[d] for d in batch), math.prod(m[d] for d in summed)
    a = reshape(permute(a, (*batch, *left, *summed, *right)), (count, math.prod(m[d] for d in left), inner))
    b = reshape(permute(b, (*batch, *summed, *right, *left)), (count, inner, math.prod(n[d] for d in right)))
    order = [*batch, *left, *summed, *right]
    shape = [m[d] for d in (*batch, *left)] + [1] * len(summed) + [n[d] for d in right]
    return permute(_times3(a, b).view(tuple(shape)), tuple(order.index(d) for d in range(len(order))))


# Smaller ones

_trace = Operation(
    "trace",
    lambda self: np.trace(self, dtype=None if self.dtype.kind == "f" else np.int64, out=None),
    {"self": lambda grad, self_sym_sizes: grad * like(grad, np.eye(*self_sym_sizes, dtype=bool))},
    formula={"self": r"\bar{z}\, I"},
)
_cross = Operation(
    "linalg_cross",
    lambda self, other, dim: np.cross(self, other, axis=dim),
    {
        "self": lambda grad, other, dim: _crossed(other, grad, dim),
        "other": lambda grad, self, dim: _crossed(grad, self, dim),
    },
    formula={"self": r"y \times \bar{z}", "other": r"\bar{z} \times x"},
)


def _crossed(a: Any, b: Any, dim: int) -> Any:
    return cross(a, b, dim=dim) if isinstance(a, Tensor) or isinstance(b, Tensor) else np.cross(a, b, axis=dim)


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.

    See https://docs.pytorch.org/docs/stable/generated/torch.trace.html
    """
    (array,) = _arrays("trace", input=input)
    if array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {array.ndim}")
    return _trace(input)


def cross(input: Tensor, other: Tensor, dim: int | None = None, *, out: None = None) -> Tensor:
    """The cross product of vectors of three elements, which lie along ``dim`` (the first of length 3 unless said).

    See https://docs.pytorch.org/docs/stable/generated/torch.cross.html
    """
    a, b = _arrays("cross", input=input, other=other)
    if a.ndim != b.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if dim is None:
        if 3 not in a.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = a.shape.index(3)
    if a.shape[wrap_dim(dim, a.ndim)] != 3 or b.shape[wrap_dim(dim, b.ndim)] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {a.shape[dim]} and {b.shape[dim]}"
        )
    return _cross(input, other, dim)


def kron(input: Tensor, other: Tensor, *, out: None = None) -> Tensor:
    """The Kronecker product: every element of one times all of the other, as blocks.

    See https://docs.pytorch.org/docs/stable/generated/torch.kron.html
    """
    a, b = _arrays("kron", input=input, other=other)
    ndim = max(a.ndim, b.ndim)
    rows, columns = ((1,) * (ndim - len(shape)) + shape for shape in (a.shape, b.shape))
    left = shaping._unsafe_view(input, tuple(length for m in rows for length in (m, 1)))
    right = shaping._unsafe_view(other, tuple(length for n in columns for length in (1, n)))
    return shaping._unsafe_view(times(left, right), tuple(m * n for m, n in zip(rows, columns, strict=True)))


BOTH = (mm, mv, dot, bmm, addmm, addmv, baddbmm, outer, matmul, inner, trace, cross, kron)
FUNCTIONS_ONLY = (tensordot, einsum)
IN_PLACE = (addmm, addmv, baddbmm)
ALIASES = {"ger": outer}
OPERATORS = {"__matmul__": _matmul}
