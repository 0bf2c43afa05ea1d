"""torch.testing.assert_close: what passes, and what the AssertionErrors say."""

from __future__ import annotations

import pytest

from tests.minigrad.oracle import program


@pytest.mark.parametrize(
    "arguments",
    [
        "torch.ones(2), torch.ones(2) + 1e-6",
        "torch.ones(2), torch.tensor([1.0, 1.125])",
        "torch.ones(2, 2), torch.tensor([[1.0, 1.125], [1.0, 5.0]]), rtol=0.2, atol=0.0",
        "torch.ones(2), torch.ones(3)",
        "torch.ones(2), torch.ones(2, dtype=torch.float64)",
        "torch.ones(2), torch.ones(2, dtype=torch.float64), check_dtype=False",
        "torch.tensor([2, 4]), torch.tensor([2, 5])[[0, 0]]",
        "torch.tensor(1.0), torch.tensor(2.0)",
        "torch.tensor(math.nan), torch.tensor(math.nan), equal_nan=True",
        "1.0, 1.125",
        "{'a': [torch.ones(1), 2]}, {'a': [torch.zeros(1), 2]}",
        "torch.ones(2), torch.zeros(2), msg='no'",
        "torch.ones(2), torch.ones(2), rtol=1e-3",
    ],
)
def test_assert_close(arguments: str) -> None:
    program(f"torch.testing.assert_close({arguments})")
