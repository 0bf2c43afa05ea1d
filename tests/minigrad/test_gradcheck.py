"""gradcheck and gradgradcheck: what they pass and refuse, and in which words, as PyTorch does."""

from __future__ import annotations

import pytest

import minigrad as torch
from tests.minigrad.oracle import program

GIVEN = """
    from warnings import catch_warnings
    gradcheck, gradgradcheck = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=torch.float64, requires_grad=True)
    constant, single = x.detach().clone(), x.detach().float().requires_grad_()

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x
        @staticmethod
        def backward(ctx, grad):
            x, = ctx.saved_tensors
            return x * grad

    class NotLinear(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()
        @staticmethod
        def backward(ctx, grad):
            return grad * 0 + 1

    class Shaky(torch.autograd.Function):
        calls = 0
        @staticmethod
        def forward(ctx, x):
            return x * 2
        @staticmethod
        def backward(ctx, grad):
            Shaky.calls += 1
            return grad * 2 * (1 + 1e-6 * Shaky.calls)

    class Two(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3
        @staticmethod
        def backward(ctx, a, b):
            if a is None:
                raise RuntimeError("no gradient")
            return 2 * a + (0 if b is None else 3 * b)

    class WrongTwice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x
        @staticmethod
        def backward(ctx, grad):
            x, = ctx.saved_tensors
            return 2 * x.detach() * grad

    class Last(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3
        @staticmethod
        def backward(ctx, a, b):
            return torch.full((3,), 1.0, dtype=torch.float64) if b is None else (3 * b if a is None else 2 * a + 3 * b)
"""

CASES = [
    "gradcheck(lambda x: x ** 2, x)",
    "gradcheck(lambda x, y: (x * y).sum(1), [x, y])",
    "gradcheck(Wrong.apply, x)",
    "gradcheck(Wrong.apply, (x,), raise_exception=False)",
    "gradcheck(Wrong.apply, x, atol=10)",
    "gradcheck(NotLinear.apply, x)",
    "gradcheck(Shaky.apply, x, nondet_tol=1e-3)",
    "gradcheck(lambda x: x ** 2, single)",
    "gradcheck(lambda x: x ** 2, single, eps=1e-2, atol=1e-2)",
    "gradcheck(lambda x: x ** 2, constant)",
    "gradcheck(lambda x: x ** 2, constant, raise_exception=False)",
    "gradcheck(lambda x: x ** 2, torch.ones(1, dtype=torch.float64).expand(3).requires_grad_())",
    "gradcheck(lambda x, i, k: x[i] * k, (x, torch.tensor([0, 2]), 3))",
    "gradcheck(lambda x: (x * 2, x.sum(), x.detach()), x)",
    "gradcheck(lambda x: x.detach() * 0, x)",
    "gradcheck(lambda x: x.detach() * 2, x)",
    "gradcheck(lambda x: x * x.detach(), x)",
    "gradcheck(lambda x, y: (x * y.detach()).sum(), (x, y))",
    "gradcheck(lambda x, y: x * 2, (x, y))",
    "gradcheck(lambda x: x[x > 1.9999999], x)",
    "gradcheck(lambda x: x.float(), x, eps=1e-2, atol=1e-2)",
    "gradcheck(lambda x: 3, x)",
    "gradcheck(lambda x: x.view(3, 1).mul(2), x)",
    "gradcheck(lambda x: x.clone().mul_(2), x)",
    "gradcheck(lambda x: x * 2, x * 3)",
    "gradcheck(lambda x: x * 2, torch.zeros(0, dtype=torch.float64, requires_grad=True))",
    "(gradcheck(lambda x: x ** 2, x), x._version, x.grad)",
    "gradgradcheck(lambda x: x ** 3, x)",
    "gradgradcheck(lambda x, y: (x * y).sum(1), (x, y))",
    "gradgradcheck(lambda x: x * 2, x)",
    "gradgradcheck(lambda x: x ** 3, x, torch.ones(3, dtype=torch.float64, requires_grad=True))",
    "gradgradcheck(WrongTwice.apply, x)",
    "gradgradcheck(WrongTwice.apply, x, raise_exception=False)",
    "gradgradcheck(lambda x: x * 2, constant)",
]


@pytest.mark.parametrize("case", CASES)
def test_check(case: str) -> None:
    program(f"{GIVEN}\n    print({case})")


def test_a_backward_that_is_not_the_same_twice() -> None:
    program(f"""{GIVEN}
    try: gradcheck(Shaky.apply, x)
    except RuntimeError as error: print(str(error).splitlines()[0])
    """)


@pytest.mark.parametrize("case", ["gradcheck(Two.apply, x)", "gradcheck(Last.apply, x)"])
def test_an_output_without_gradient_is_checked_too(case: str) -> None:
    program(f"{GIVEN}\n    print({case})")


def test_the_name_is_a_function_and_a_module_to_import_from() -> None:
    from minigrad.autograd.gradcheck import GradcheckError, gradcheck

    assert torch.autograd.gradcheck is gradcheck
    assert issubclass(GradcheckError, RuntimeError)


def test_a_wrong_gradient_is_pointed_out() -> None:
    x = torch.tensor([1.0, 3.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="Jacobian mismatch") as caught:
        torch.autograd.gradcheck(lambda x: x * x.detach(), x)
    assert "row 1, column 1" in caught.value.__notes__[0]
    assert "changes 6 times as much; backward says 3" in caught.value.__notes__[0]


def test_a_float32_input_is_named_as_the_likely_cause() -> None:
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    with pytest.warns(UserWarning, match="not a double precision"), pytest.raises(RuntimeError) as caught:
        torch.autograd.gradcheck(lambda x: x**2, x)
    assert "float64" in caught.value.__notes__[0]


@pytest.mark.parametrize("option", ["check_forward_ad", "check_batched_grad"])
def test_what_is_missing_says_so(option: str) -> None:
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    with pytest.raises(NotImplementedError, match="neither forward mode nor vmap"):
        torch.autograd.gradcheck(lambda x: x, x, **{option: True})
