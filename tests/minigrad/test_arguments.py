"""Arguments are read as PyTorch reads them, and refused in its words."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

import minigrad
from minigrad.ops.arguments import FUNCTIONS, METHODS, function
from tests.minigrad.oracle import agree

ONE_SIGNATURE = [
    "torch.exp(1)",
    "torch.exp()",
    "torch.exp([1.0])",
    "torch.exp(np.ones(2))",
    "torch.exp(x, 2)",
    "torch.exp(x, y=2)",
    "torch.exp(x, input=x)",
    "torch.exp(input=x)",
    "torch.exp(x=x)",
    "torch.mul()",
    "torch.mul(x)",
    "torch.mul(x, 1, 2)",
    "torch.mul(x, other='a')",
    "torch.mul(x, x2=2)",
    "torch.mul(2, 3)",
    "torch.add(x, 1, alpha='a')",
    "torch.add(x, 1, alpha=np.float32(2.5))",
    "torch.add(x, 1, alpha=torch.tensor(2))",
    "torch.isclose(x, x, 'a')",
    "torch.isclose(x, x, 1, True).tolist()",
    "torch.isclose(x, x, torch.tensor(1.0), np.float32(0.5)).tolist()",
    "torch.isclose(x, x, torch.tensor([1.0]))",
    "torch.isclose(x, x, torch.tensor(1.0, requires_grad=True))",
    "torch.isclose(x, x, equal_nan=1)",
    "torch.isclose(x, x, equal_nan=np.bool_(True))",
    "torch.isclose(x, x, 1, 1, True, 1)",
    "torch.equal(x, torch.float32)",
]
AS_A_METHOD = [
    "x.exp(1)",
    "x.exp(1, 2)",
    "x.exp(a=1)",
    "x.exp_(1)",
    "x.exp(out=x)",
    "x.mul()",
    "x.mul('a')",
    "x.mul(1, 2)",
    "x.mul(1, out=x)",
    "x.mul(1, other=1)",
    "x.isclose(x, 'a')",
    "x.isclose(1)",
    "x.clone(1)",
    "x.clone(foo=1)",
    "x.clone().mul_('a')",
    "torch.Tensor.exp(1)",
    "torch.Tensor.exp()",
]
OVERLOADS = [
    "torch.pow(x, 'a')",
    "torch.pow()",
    "torch.pow(2, 3)",
    "torch.pow(2, x)",
    "torch.pow(self=2, exponent=x)",
    "torch.pow(x, exponent=2)",
    "x.pow('a')",
    "x.pow(x, x)",
    "x.pow(foo=1)",
    "torch.clamp(x, 'a')",
    "torch.clamp(x, min='a')",
    "torch.clamp(x, 0, torch.tensor(1))",
    "x.clamp(['a', 1], 2)",
    "x.clamp('a', 2)",
    "torch.round(x, decimals='a')",
    "torch.round(x, decimals=np.int64(1))",
    "torch.where(x > 0, 'a', x)",
    "torch.where(x > 0, 1)",
    "torch.where(x > 0, 2, x)",
    "torch.where(x > 0, self=2, other=x)",
    "x.where(x > 0, 'a')",
    "x.masked_fill(1, 1)",
    "x.masked_fill(x > 0, value='a')",
    "x.masked_fill(x > 0, (1,))",
    "x.masked_fill(x > 0, value=2)",
    "torch.div(x, 2, rounding_mode=1)",
    "torch.div(x, 2, rounding_mode='floor')",
    "torch.div(x, 2, 'floor')",
]
OUT = [
    "y = torch.zeros(3); torch.exp(x.detach(), out=y); y",
    "y = torch.zeros(3); z = torch.mul(x.detach(), 2, out=y); z is y",
    "y = torch.empty(0); torch.mul(x.detach(), 2, out=y); y",
    "y = torch.zeros(2); torch.mul(x.detach(), 2, out=y); y",
    "y = torch.zeros(3, dtype=torch.float64); torch.mul(x.detach(), 2, out=y); y",
    "y = torch.zeros(3, dtype=torch.int64); torch.mul(x.detach(), 2, out=y); y",
    "y = torch.empty(0); torch.cat([x.detach(), x.detach()], out=y); y",
    "y = torch.empty(0); torch.stack([x.detach(), x.detach()], out=y); y",
    "y = torch.empty(0); torch.hstack([x.detach(), x.detach()], out=y); y",
    "y = torch.empty(0); torch.diag(x.detach(), out=y); y",
    "y = torch.empty(0); torch.tril(torch.ones(2, 2), out=y); y",
    "y = torch.empty(0); torch.kron(x.detach(), x.detach(), out=y).tolist()",
    "torch.div(x.detach(), 2, out=torch.empty(0))",
    "torch.round(x.detach(), out=torch.empty(3))",
    "torch.mean(x.detach(), out=torch.empty(()))",
    "torch.floor(x.detach(), out=torch.empty(3, dtype=torch.float64))",
    "torch.mm(x.detach()[None], x.detach()[:, None], out=torch.empty(1, 1).double())",
    "y = torch.ones(4); torch.exp(y[:3], out=y[1:])",
    "y = torch.ones(4); torch.add(y[:3], y[1:], out=y[:3])",
    "torch.exp(x.detach(), out=torch.empty(1).expand(3))",
    "torch.gather(x.detach(), 0, torch.tensor([1]), out=torch.empty(0))",
    "torch.masked_select(x.detach(), x > 0, out=torch.empty(0))",
    "torch.add(x1=x, x2=x)",
    "y = torch.empty(0); torch.zeros(2, 2, out=y); y",
    "y = torch.empty(0, dtype=torch.int64); torch.ones(2, out=y); y",
    "y = torch.empty(0); torch.arange(3, out=y); y",
    "y = torch.empty(0, dtype=torch.float64); torch.linspace(0, 1, 3, out=y); y",
    "y = torch.empty(0, dtype=torch.int64); torch.eye(2, out=y); y",
    "y = torch.empty(0); torch.full((2,), 3, out=y); y",
    "y = torch.empty(0); torch.randperm(1, out=y); y",
    "y = torch.ones(3); torch.bernoulli(y, out=y); y",
    "y = torch.empty(0, dtype=torch.int64); torch.sum(torch.ones(2, dtype=torch.bool), out=y); y",
    "torch.exp(x, out=None)",
    "torch.exp(x, out=1)",
    "torch.exp(x, out=torch.zeros(3))",
    "torch.exp(x.detach(), out=torch.zeros(3, requires_grad=True))",
]


@pytest.mark.parametrize("name", ["tanh", "sum", "zeros", "stack", "relu"])
def test_a_function_is_pickled_by_its_name(name: str) -> None:
    assert pickle.loads(pickle.dumps(getattr(minigrad, name))) is getattr(minigrad, name)


@pytest.mark.parametrize("code", [*ONE_SIGNATURE, *AS_A_METHOD, *OVERLOADS])
def test_arguments_are_read_or_refused_as_pytorch_does(code: str) -> None:
    agree(code, x=(3,))


@pytest.mark.parametrize("code", OUT)
def test_a_result_is_written_where_out_says(code: str) -> None:
    agree(code, x=(3,))


@pytest.fixture
def declared() -> Any:
    """What is declared in a test is gone after it."""
    before = dict(FUNCTIONS), dict(METHODS)
    yield
    for registry, entries in zip((FUNCTIONS, METHODS), before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.mark.usefixtures("declared")
class TestDeclaring:
    def test_it_becomes_a_function_and_a_method(self) -> None:
        @function("twice(Tensor input, *, Scalar times=2)", aliases=("double_it",))
        def twice(input: Any, *, times: float = 2) -> Any:
            """So many times the input."""
            return input * times

        assert FUNCTIONS["twice"] is FUNCTIONS["double_it"] is twice
        assert METHODS["twice"](minigrad.tensor(3.0), times=4) == 12
        assert (twice.__name__, twice.__doc__) == (
            "twice",
            "So many times the input.\n\nSee https://docs.pytorch.org/docs/stable/generated/torch.twice.html\n",
        )

    def test_or_only_one_of_them(self) -> None:
        function("f(Tensor input)", method=False)(lambda input: input)
        function("m(Tensor input)", function=False)(lambda input: input)
        assert "f" in FUNCTIONS
        assert "f" not in METHODS
        assert "m" in METHODS
        assert "m" not in FUNCTIONS

    @pytest.mark.parametrize("call", ["f(x, 1)", "f(x, (1, 2))", "f(x, [1, 2])", "f(x, dim=x.sum().long())", "f(x)"])
    def test_its_function_gets_what_the_signature_says_however_often_it_is_called(self, call: str) -> None:
        @function("f(Tensor input, int[1]? dim=None)")
        def f(input: Any, dim: Any = ...) -> Any:
            return dim

        expected = {"f(x, 1)": (1,), "f(x)": ..., "f(x, dim=x.sum().long())": (3,)}.get(call, (1, 2))
        for _ in range(3):
            assert eval(call, {"f": f, "x": minigrad.ones(3)}) == expected

    @pytest.mark.parametrize("call", ["m(x, 1, 2)", "m(x, (1, 2))", "m(x, [1, 2])", "m(x, dims=(1, 2))"])
    def test_sizes_may_be_given_one_by_one_to_a_method(self, call: str) -> None:
        function("m(Tensor input, int[] dims)")(lambda input, dims: dims)
        for _ in range(3):
            assert eval(call, {"m": METHODS["m"], "x": minigrad.ones(3)}) == (1, 2)

    def test_overloads_of_another_order_are_told_apart_by_name(self) -> None:
        @function("f(Tensor input, int dim, bool last=False)", "f(Tensor input, bool last)")
        def f(input: Any, dim: int = -1, last: bool = False) -> Any:
            return dim, last

        x = minigrad.ones(3)
        assert [f(x, 1), f(x, True), f(x, 1, True), f(x, last=True)] == [(1, False), (-1, True), (1, True), (-1, True)]

    def test_arguments_of_types_seen_before_are_looked_at_again_where_it_matters(self) -> None:
        function("f(Tensor[] tensors, int dim=0)", method=False)(lambda tensors, dim=0: dim)
        f, x = FUNCTIONS["f"], minigrad.ones(3)
        assert f([x, x], 1) == 1
        with pytest.raises(TypeError, match="expected Tensor as element 1 in argument 0, but got int"):
            f([x, 1], 1)
        assert f([x], minigrad.tensor(2)) == 2
        with pytest.raises(TypeError, match=r"f\(\): argument 'dim' \(position 2\) must be int, not Tensor"):
            f([x], minigrad.tensor(2.5))


@pytest.mark.parametrize("function", [minigrad.exp, minigrad.Tensor.exp, minigrad.sum, minigrad.Tensor.item])
def test_a_tooltip_names_the_arguments(function: Any) -> None:
    assert next(iter(inspect.signature(function).parameters)) in ("input", "self")
