"""save and load: everything comes back as it was, nothing is executed, and what does not fit is refused in words."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn


def there_and_back(value: Any) -> Any:
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file)


@pytest.mark.parametrize(
    "value",
    [
        3, 2.5, float("inf"), True, None, "text with ' and \n and ü", 2**70, [], {}, (), [1, (2.0, "a"), {"b": None}],
        {1: 2, "1": 3}, {True: "yes", None: "no", 2.5: []}, {(1, "a"): 3}, OrderedDict(b=1, a=2), torch.Size([2, 3]),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_come_back(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)], ids=str)
def test_tensors_come_back(dtype: str, shape: tuple[int, ...]) -> None:
    tensor = torch.arange(6)[: max(1, int(np.prod(shape)))].sum() if shape == () else torch.ones(shape)
    tensor = tensor.to(getattr(torch, dtype))
    back = there_and_back(tensor)
    assert back.dtype == tensor.dtype
    assert back.shape == tensor.shape
    assert torch.equal(back, tensor)
    assert back.data_ptr() != tensor.data_ptr() or not tensor.numel()


def test_not_contiguous_tensors_come_back() -> None:
    tensor = torch.arange(12).reshape(3, 4)
    for view in (tensor.T, tensor[:, ::2], tensor[0].expand(2, 4)):
        assert torch.equal(there_and_back(view), view)


def test_special_numbers_come_back() -> None:
    tensor = torch.tensor([float("nan"), float("inf"), -0.0])
    assert repr(there_and_back(tensor)) == repr(tensor)
    assert np.isnan(there_and_back({"loss": float("nan")})["loss"])


def test_requires_grad_and_parameters_come_back() -> None:
    leaf, parameter = torch.ones(2, requires_grad=True), nn.Parameter(torch.ones(1))
    frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    a, b, c, d = there_and_back([leaf, parameter, frozen, leaf * 2])
    assert (a.requires_grad, a.is_leaf, type(a)) == (True, True, torch.Tensor)
    assert (b.requires_grad, type(b)) == (True, nn.Parameter)
    assert (c.requires_grad, type(c)) == (False, nn.Parameter)
    assert (d.requires_grad, d.is_leaf, d.tolist()) == (True, True, [2.0, 2.0])


def test_one_tensor_stays_one() -> None:
    tensor = torch.ones(2)
    first, second, other = there_and_back([tensor, tensor, torch.ones(2)])
    assert first is second
    assert other is not first


def test_training_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    def made() -> tuple[nn.Module, Any]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
        return model, torch.optim.Adam(model.parameters(), lr=0.1)

    def train(model: nn.Module, optimizer: Any, steps: int) -> None:
        for step in range(steps):
            optimizer.zero_grad()
            (model(torch.linspace(-1, 1, 10).reshape(5, 2) + step) ** 2).mean().backward()
            optimizer.step()

    model, optimizer = made()
    train(model, optimizer, 3)
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, path)
    train(model, optimizer, 3)
    again, its_optimizer = made()
    saved = torch.load(str(path), map_location="cpu", weights_only=True)
    assert repr(again.load_state_dict(saved["model"])) == "<All keys matched successfully>"
    its_optimizer.load_state_dict(saved["optimizer"])
    assert saved["epoch"] == 3
    train(again, its_optimizer, 3)
    for mine, theirs in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_same_content_gives_the_same_bytes() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        torch.save({"a": torch.ones(2), "b": [1, 2]}, file)
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nn.Linear(1, 1), "obj is a Linear: save its state_dict()"),
        ({"model": [nn.ReLU()]}, r"obj['model'][0] is a ReLU: save its state_dict()"),
        ({"f": print}, "obj['f'] is a builtin_function_or_method"),
        ([1, {2}], "obj[1] is a set"),
        ({"array": np.ones(2)}, "obj['array'] is a ndarray"),
        (torch.float32, "obj is a dtype"),
    ],
)
def test_what_it_cannot_write_is_named(value: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        torch.save(value, io.BytesIO())
    assert message in str(caught.value)


class Harmful:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('executed')",)


def harmful_npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, content=np.array([Harmful()], dtype=object))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"text", pickle.dumps({"a": 1}), pickle.dumps(Harmful()), harmful_npz()],
    ids=["empty", "text", "pickle", "harmful pickle", "harmful npz"],
)
def test_other_files_are_refused_and_not_executed(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a file that minigrad's save\\(\\) wrote"):
        torch.load(io.BytesIO(content))


def test_other_npz_files_are_refused() -> None:
    for arrays in ({"a": np.ones(2)}, {"content": np.array('{"format": "other"}')}, {"content": np.array("[1]")}):
        file = io.BytesIO()
        np.savez(file, **arrays)
        file.seek(0)
        with pytest.raises(ValueError, match="not a file that minigrad"):
            torch.load(file)


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "nothing.pt")
