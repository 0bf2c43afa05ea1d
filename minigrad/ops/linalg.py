"""Products of matrices and vectors, and of any dimensions named by letters (einsum).

What multiplies is ``mm``, ``mv``, ``dot`` and ``bmm``, a row each. ``matmul`` brings its operands into the shape
of one of them, in the steps PyTorch takes, so that the graph of ``x @ w`` is PyTorch's.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..autograd import notes
from ..dtypes import FROM_NUMPY, kind_name, refuse_kinds
from ..tensor import Tensor
from . import shaping
from .arguments import FUNCTIONS, METHODS, broadcast_shape, function, wrap_dims
from .dual import dual, expand, like, permute, reshape, scaled, t, total, transpose, unsqueeze
from .templates import operation

_times_batches, _outer, _squeeze = dual("bmm", np.matmul), dual("outer", np.outer), dual("squeeze", np.squeeze)


def _product(a: np.ndarray, b: np.ndarray, kernel: str, unlike: str = "") -> np.ndarray:
    """``a @ b``, both of one dtype; ``unlike`` is said where they are not."""
    if a.dtype != b.dtype:
        raise RuntimeError(unlike.format(FROM_NUMPY[a.dtype], FROM_NUMPY[b.dtype]))
    if a.dtype.kind == "b" and (kernel == "dot" or (a.size and b.size)):
        refuse_kinds("b", a.dtype, kernel)
    return np.asarray(np.matmul(a, b))


def _by_columns(grad: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether a matrix lies in memory column by column, as a transposed one does: then its gradient shall, too."""
    return strides[0] == grad.itemsize and strides[1] == grad.itemsize * shape[0]


def _left(grad: Any, mat2: Any, self_sym_sizes: tuple[int, ...], self_sym_strides: tuple[int, ...]) -> Any:
    """``grad @ mat2.T``, laid out as the left matrix is."""
    return t(mat2 @ t(grad)) if _by_columns(grad, self_sym_sizes, self_sym_strides) else grad @ t(mat2)


def _right(grad: Any, self: Any, mat2_sym_sizes: tuple[int, ...], mat2_sym_strides: tuple[int, ...]) -> Any:
    """``self.T @ grad``, laid out as the right matrix is."""
    return t(t(grad) @ self) if _by_columns(grad, mat2_sym_sizes, mat2_sym_strides) else t(self) @ grad


@operation(
    "mm(Tensor input, Tensor mat2, *, Tensor out=None)",
    self=(_left, r"\bar{Z} B^\top"),
    mat2=(_right, r"A^\top \bar{Z}"),
)
def mm(self: np.ndarray, mat2: np.ndarray) -> np.ndarray:
    """The product of two matrices: (n, m) and (m, p) give (n, p)."""
    if self.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError(f"{'self' if self.ndim != 2 else 'mat2'} must be a matrix")
    if self.shape[1] != mat2.shape[0]:
        shapes = "{}x{} and {}x{}".format(*self.shape, *mat2.shape)
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({shapes})")
    unlike = "expected m1 and m2 to have the same dtype, but got: {0.c_name} != {1.c_name}"
    return _product(self, mat2, "addmm_impl_cpu_", unlike)


@operation(
    "bmm(Tensor input, Tensor mat2, *, Tensor out=None)",
    self=(lambda grad, mat2: _times_batches(grad, transpose(mat2, 1, 2)), r"\bar{Z}_i B_i^\top"),
    mat2=(lambda grad, self: _times_batches(transpose(self, 1, 2), grad), r"A_i^\top \bar{Z}_i"),
)
def bmm(self: np.ndarray, mat2: np.ndarray) -> np.ndarray:
    """Products of matrices, one for each of a batch: (b, n, m) and (b, m, p) give (b, n, p)."""
    if self.ndim != 3 or mat2.ndim != 3:
        raise RuntimeError(f"batch{1 if self.ndim != 3 else 2} must be a 3D tensor")
    expected, got = [self.shape[0], self.shape[2]], [*mat2.shape[:2]]
    if expected != got:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: {expected} but got: {got}.")
    return _product(self, mat2, "bmm", "expected scalar type {0.scalar_name} but found {1.scalar_name}")


@operation(
    "mv(Tensor input, Tensor vec, *, Tensor out=None)",
    self=(lambda grad, vec: _outer(grad, vec), r"\bar{z} v^\top"),
    vec=(lambda grad, self: t(self) @ grad, r"A^\top \bar{z}"),
)
def mv(self: np.ndarray, vec: np.ndarray) -> np.ndarray:
    """The product of a matrix (n, m) and a vector (m): a vector (n)."""
    if self.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {self.ndim}, {vec.ndim}")
    rows, columns = self.shape
    if columns != vec.size:
        raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({vec.size})")
    names = "{1.scalar_name}, {0.scalar_name}, and {1.scalar_name}"
    return _product(self, vec, "addmv_impl_cpu", f"addmv input tensors must have the same dtype, but got {names}")


@operation(
    "dot(Tensor input, Tensor tensor, *, Tensor out=None)",
    self=(lambda grad, tensor: grad * tensor, r"\bar{z}\, y"),
    tensor=(lambda grad, self: grad * self, r"\bar{z}\, x"),
)
def dot(self: np.ndarray, tensor: np.ndarray) -> np.ndarray:
    """The sum of the products of two vectors' elements."""
    m, n = self.size, tensor.size
    if self.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {self.ndim}D and {tensor.ndim}D tensors")
    if m != n:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{m}] and src [{n}] to have the same number of elements, but "
            f"got {m} and {n} elements respectively"
        )
    names = "{0.scalar_name} and {1.scalar_name}"
    return _product(self, tensor, "dot", f"dot : expected both vectors to have same dtype, but found {names}")


@function("outer(Tensor input, Tensor vec2, *, Tensor out=None)", aliases=("ger",))
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of an element of one vector with one of the other: (n) and (m) give (n, m)."""
    for name, vector in (("self", input), ("vec2", vec2)):
        if vector.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {vector.ndim}-D")
    return reshape(input, (len(input), 1)) * vec2


@operation(
    "trace(Tensor input)",
    lambda grad, self_sym_sizes: grad * like(grad, np.eye(*self_sym_sizes, dtype=bool)),
    r"\bar{z}\, I",
)
def trace(self: np.ndarray) -> np.ndarray:
    """The sum of a matrix's diagonal."""
    if self.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {self.ndim}")
    return np.trace(self, dtype=None if self.dtype.kind == "f" else np.int64)


@operation(
    "addmm(Tensor input, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1, Tensor out=None)",
    self=(lambda grad, beta: scaled(grad, beta), r"\beta \bar{Z}"),
    mat1=(
        lambda grad, mat2, mat1_sym_sizes, mat1_sym_strides, alpha: scaled(
            _left(grad, mat2, mat1_sym_sizes, mat1_sym_strides), alpha
        ),
        r"\alpha \bar{Z} B^\top",
    ),
    mat2=(
        lambda grad, mat1, mat2_sym_sizes, mat2_sym_strides, alpha: scaled(
            _right(grad, mat1, mat2_sym_sizes, mat2_sym_strides), alpha
        ),
        r"\alpha A^\top \bar{Z}",
    ),
    public=partial(function, in_place=True),
)
def addmm(self: np.ndarray, mat1: np.ndarray, mat2: np.ndarray, beta: float, alpha: float) -> np.ndarray:
    """``beta * input + alpha * (mat1 @ mat2)``; ``input`` broadcasts."""
    like = self.dtype is mat1.dtype is mat2.dtype and mat1.ndim == mat2.ndim == 2
    if not (like and mat1.shape[1] == mat2.shape[0] and self.shape == mat2.shape[1:]):  # the usual case, told quickly
        _check_addmm(self, mat1, mat2)
    product = _product(mat1, mat2, "addmm_impl_cpu_")
    if alpha != 1:
        product *= product.dtype.type(alpha)
    if beta:  # with beta 0 a NaN in self does not count
        product += self if beta == 1 else self * self.dtype.type(beta)
    return product


def _check_addmm(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    for name, array in (("mat1", a), ("mat2", b)):
        if array.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix, got {array.ndim}-D tensor")
    if a.shape[1] != b.shape[0]:
        _mm.forward(a, b)
    for name, array in (("mat1", a), ("self", x)):
        if array.dtype != b.dtype:
            names = f"{FROM_NUMPY[array.dtype].scalar_name} and {FROM_NUMPY[b.dtype].scalar_name}"
            raise RuntimeError(f"{name} and mat2 must have the same dtype, but got {names}")
    shaping.expand.operation.forward(x, (a.shape[0], b.shape[1]))


_mm, _bmm, _mv, _dot, _addmm = (made.operation for made in (mm, bmm, mv, dot, addmm))


# matmul: any two shapes.


def _matmul(input: Tensor, other: Tensor) -> Tensor:
    """``input @ other``: vectors, matrices, and batches of them that broadcast.

    >>> import minigrad as torch
    >>> (torch.ones(2, 3) @ torch.ones(3)).shape, (torch.ones(5, 2, 3) @ torch.ones(3, 4)).shape
    (torch.Size([2]), torch.Size([5, 2, 4]))

    Raises:
        RuntimeError: the inner lengths or the dtypes differ, the batches do not broadcast, an operand is 0-d.
    """
    a, b = input._array, other._array
    if a.ndim == 2 and b.ndim == 2:
        return _mm(input, other)
    if a.ndim == 0 or b.ndim == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D")
    if b.ndim == 1 and a.ndim < 3:
        return _dot(input, other) if a.ndim == 1 else _mv(input, other)
    if a.ndim == 1 and b.ndim == 2:
        return _mm(unsqueeze(input, 0), other).squeeze_(0)
    if _folds(input, other):
        return _fold(input, other)
    if a.ndim == b.ndim == 3 and len(a) != len(b):
        if len(a) == 1 and input.requires_grad:
            return _matmul(_squeeze(input, 0), other)
        if len(b) == 1 and other.requires_grad:
            return _matmul(input, _squeeze(other, 0))
    return _in_batches(input, other)


matmul = function("matmul(Tensor input, Tensor other, *, Tensor out=None)")(_matmul)


def _operator(self: Tensor, other: Any) -> Any:
    return _matmul(self, other) if isinstance(other, Tensor) else NotImplemented


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
        return shaping._unsafe_view(_mv(folded, small), tuple(rows))
    result = shaping._unsafe_view(_mm(folded, small), (*rows, small._array.shape[1]))
    return transpose(result, -2, -1).contiguous() if swapped else result


def _in_batches(input: Tensor, other: Tensor) -> Tensor:
    """As a batch of products, both operands stretched over all of it."""
    a, b = input._array.shape, other._array.shape
    batch = broadcast_shape(a[:-2], b[:-2])
    count = math.prod(batch)
    rows = a[-2:-1] or (1,)
    left = reshape(expand(input, (*batch, *rows, a[-1])), (count, *rows, a[-1]))
    right = reshape(expand(other, (*batch, *b[-2:])), (count, *b[-2:]))
    if len(b) == 1:
        return shaping._unsafe_view(_squeeze(_bmm(left, unsqueeze(right, 2)), -1), (*batch, *rows))
    return shaping._unsafe_view(_bmm(left, right), (*batch, *a[-2:-1], b[-1]))


@operation(
    "cross(Tensor input, Tensor other, int? dim=None, *, Tensor out=None)",
    self=(lambda grad, other, dim: _perpendicular(other, grad, _of_three(other.shape, dim)), r"y \times \bar{z}"),
    other=(lambda grad, self, dim: _perpendicular(grad, self, _of_three(self.shape, dim)), r"\bar{z} \times x"),
    node="LinalgCrossBackward0",
)
def cross(self: np.ndarray, other: np.ndarray, dim: int | None) -> np.ndarray:
    """The cross products of the vectors of length 3 along ``dim`` (the first dimension of that length)."""
    if dim is None:
        notes.warn(
            "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or "
            "simply use torch.linalg.cross.\nThe default value of dim will change to agree with that of "
            "linalg.cross in a future release."
        )
    dim = _of_three(self.shape, dim)
    if self.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {self.shape[dim]} and {other.shape[dim]}"
        )
    return np.ascontiguousarray(np.cross(self, other, axis=dim))


def _of_three(shape: Sequence[int], dim: int | None) -> int:
    return dim if dim is not None else tuple(shape).index(3) if 3 in shape else -1


_perpendicular: Any = dual("cross", lambda x, y, dim: cross.operation.forward(x, y, dim))


@function("tensordot(Tensor input, Tensor other, any dims=2, Tensor out=None)", method=False)
def tensordot(input: Tensor, other: Tensor, dims: Any = 2) -> Tensor:
    """Products summed over the last ``dims`` dimensions of the one and the first of the other, or over these pairs."""
    m, n = input._array.shape, other._array.shape
    first, second = (range(-dims, 0), range(dims)) if isinstance(dims, int) else dims
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    given = tuple(zip(first, second, strict=True))
    first, second = first and wrap_dims(first, len(m)), second and wrap_dims(second, len(n))
    for d, e in given:
        if m[d] != n[e] and 1 not in (m[d], n[e]):
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{m[d]} in dim {d} and second has size {n[e]} in dim {e}"
            )
    pairs = list(zip(first, second, strict=True))
    input = shaping.to(total(input, tuple(d for d, e in pairs if n[e] == 1), True), input.dtype)
    other = shaping.to(total(other, tuple(e for d, e in pairs if m[d] == 1 != n[e]), True), other.dtype)
    m, n = input._array.shape, other._array.shape
    left, right = ([d for d in range(len(shape)) if d not in done] for shape, done in ((m, first), (n, second)))
    inner, rows = math.prod(m[d] for d in first), tuple(m[d] for d in left)
    a = reshape(permute(input, (*left, *first)), (math.prod(rows), inner))
    b = reshape(permute(other, (*second, *right)), (inner, math.prod(n[d] for d in right)))
    return shaping.view(_mm(a, b), (*rows, *(n[d] for d in right)))


# einsum: every dimension has a letter, those of an ellipsis a digit.


_LETTERS = string.ascii_uppercase + string.ascii_lowercase


def einsum(*args: Any) -> Tensor:
    """Products of tensors summed over the letters that the result does not have.

    >>> import minigrad as torch
    >>> torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(3, 4)).shape
    torch.Size([2, 4])

    ``...`` stands for dimensions that broadcast; without ``->`` the result has the letters that occur once, sorted.
    Numbers may stand for the letters: ``einsum(x, [0, 1], y, [1, 2], [0, 2])``.

    Raises:
        RuntimeError: the equation does not fit the operands.

    See https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    equation, operands = args[0], args[1:]
    if isinstance(equation, Tensor):
        equation, operands = ",".join(map(_lettered, args[1::2])), args[: len(args) // 2 * 2 : 2]
        if len(args) % 2:
            equation += "->" + _lettered(args[-1])
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {kind_name(equation)}")
    for place, operand in enumerate(operands):
        if not isinstance(operand, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 1, but got {kind_name(operand)}")
    inputs, output = _subscripts(equation, [operand._array.shape for operand in operands])
    order = output + "".join(sorted(set("".join(inputs)) - set(output)))
    terms = [_aligned(operand, labels, order) for operand, labels in zip(operands, inputs, strict=True)]
    summed = range(len(output), len(order))
    if len(terms) == 1:
        return total(terms[0], tuple(summed))
    a = terms[0]
    for number, b in enumerate(terms[1:], 2):  # a dimension is summed as soon as no later term has it
        m, n = a._array.shape, b._array.shape
        done = [d for d in summed if all(later._array.shape[d] == 1 for later in terms[number:])]
        both = [d for d in done if m[d] != 1 != n[d]]
        a = total(a, tuple(d for d in done if m[d] != 1 == n[d]), True)
        factor = total(b, tuple(d for d in done if m[d] == 1 != n[d]), True)
        a = _sum_of_products(a, factor, both) if both else a * factor
    return a.view(a._array.shape[: len(output)]) if summed else a


def _lettered(numbers: Sequence[Any]) -> str:
    if not all(number is Ellipsis or 0 <= number < len(_LETTERS) for number in numbers):
        raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
    return "".join("..." if number is Ellipsis else _LETTERS[number] for number in numbers)


def _subscripts(equation: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """The letters of each operand's dimensions and of the result's, checked."""
    wrong = re.search(r"[^a-zA-Z., ]", equation.replace("->", "  ", 1))
    if wrong:
        raise RuntimeError(
            f"einsum(): invalid subscript given at index {wrong.start()} in the equation string, subscripts must be in "
            "[a-zA-Z]"
        )
    left, arrow, output = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(shapes):
        amount = "fewer" if len(inputs) > len(shapes) else "more"
        raise RuntimeError(f"einsum(): {amount} operands were provided than specified in the equation")
    spare = [len(shape) - len(labels.replace("...", "")) for labels, shape in zip(inputs, shapes, strict=True)]
    most = max(spare)
    for number, (labels, over) in enumerate(zip(inputs, spare, strict=True)):
        _refuse_dots(labels, f"operand {number} ", "that is not part of any ellipsis", "for which an ellipsis was")
        if over < 0 or (over and "..." not in labels):
            ndim = len(shapes[number])
            words = ("is more than", "") if "..." in labels else ("does not match", " and no ellipsis was given")
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({ndim - over}) {words[0]} the number of "
                f"dimensions ({ndim}) for operand {number}{words[1]}"
            )
        inputs[number] = labels.replace("...", string.digits[most - over : most], 1)
    letters = "".join(inputs)
    if arrow:
        _refuse_dots(output, "output ", "that is not part of any ellipsis (...)", "but an ellipsis (...) was")
        output = output.replace("...", string.digits[:most])
    else:
        output = string.digits[:most] + "".join(sorted(x for x in letters if letters.count(x) == 1 and x.isalpha()))
    for letter in output:
        if output.count(letter) > 1:
            raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
        if letter not in letters:
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
    lengths: dict[str, int] = {}
    for number, (labels, shape) in enumerate(zip(inputs, shapes, strict=True)):
        for letter, length in zip(labels, shape, strict=True):
            first = shape[labels.index(letter)]
            if first != length:
                raise RuntimeError(
                    f"einsum(): subscript {letter} is repeated for operand {number} but the sizes don't match, "
                    f"{length} != {first}"
                )
            seen = lengths.get(letter, 1)
            if 1 != seen != length != 1:
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {length} for operand {number} which does not broadcast "
                    f"with previously seen size {seen}"
                )
            lengths[letter] = max(seen, length)
    return inputs, output


def _refuse_dots(labels: str, whose: str, alone: str, again: str) -> None:
    """RuntimeError for a dot that is no part of an ellipsis, or of a second one."""
    dots = labels[labels.find(".") :]
    if "." in labels.replace("...", "", 1):
        raise RuntimeError(f"einsum(): found '.' for {whose}{again + ' already found' if dots[:3] == '...' else alone}")


def _aligned(operand: Any, labels: str, order: str) -> Any:
    """An operand with a dimension for each letter in ``order``: of length 1 where it has none, the diagonal of two."""
    dims = ""
    for letter in labels:
        if letter in dims:
            operand = operand.diagonal(0, dims.index(letter), len(dims)).movedim(-1, dims.index(letter))
        else:
            dims += letter
    for letter in order:
        if letter not in dims:
            operand, dims = unsqueeze(operand, len(dims)), dims + letter
    return permute(operand, tuple(map(dims.index, order)))


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
    return permute(_times_batches(a, b).view(tuple(shape)), tuple(order.index(d) for d in range(len(order))))


FUNCTIONS["einsum"], METHODS["__matmul__"] = einsum, _operator
