"""Shapes: views, copies in another arrangement, joins, splits and casts agree with PyTorch."""

from __future__ import annotations

import re

import pytest

from tests.minigrad.oracle import agree, given

INPUTS = {
    "x": given((2, 3, 4)),
    "m": given([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]]),
    "v": given((4,)),
    "s": given(()),
    "i": given([0, 1]),
    "b": given([True, False]),
    "ii": given([[0, 2, 1], [1, 1, 0]]),
}


def check(code: str, but: str = "") -> None:
    """Compare the code on the inputs it names."""
    agree(code, but=but, **{name: spec for name, spec in INPUTS.items() if re.search(rf"\b{name}\b", code)})


SHAPES = """
x.t()
x[0].t()
v.t()
s.t()
x.T
x.mT
v.mT
v.T
s.T
x[0].T
x[0].mT
x.flatten()
x.flatten(1)
x.flatten(0, 1)
x.flatten(1, 0)
x.flatten(start_dim=1, end_dim=5)
v.flatten()
s.flatten()
x.transpose(0, 1).flatten()
x.squeeze()
x[:1].squeeze()
x[:1].squeeze(0)
x.squeeze(0)
x[:1].squeeze((0, 1))
x.squeeze(5)
x.squeeze(dim=())
x.squeeze((0, 0))
s.squeeze(0)
s.squeeze()
x.unsqueeze(0)
x.unsqueeze(-1)
x.unsqueeze(4)
x.permute(2, 0, 1)
x.permute((2, 0, 1))
x.permute(dims=(0, 1, 2))
torch.permute(x, (0, 1, -1))
x.permute(0, 1)
x.permute(0, 0, 1)
x.permute(0, 1, 7)
x.view(6, 4)
x.view(-1)
x.view(2, -1, 2)
x.view(5)
x.view(-1, -1)
x.view((4, 6))
x.view(size=(4, 6))
x.transpose(0, 1).view(-1)
x.view_as(torch.ones(4, 6))
x.reshape(4, 6)
x.transpose(0, 1).reshape(-1)
x.transpose(0, 1).reshape(3, 8)
x.reshape_as(torch.ones(24))
x.ravel()
x.transpose(0, 1).ravel()
x.transpose(0, 1).contiguous()
v.expand(3, 4)
v.expand(3, -1)
v.expand(-1, 4)
v.expand(3, 5)
v.expand(1)
b.expand(())
x.expand(3)
s.expand(2, 3)
s.expand(())
v.expand_as(torch.ones(2, 4))
x.to(torch.float64)
x.double()
x.half()
x.long()
x.bool()
x.type(torch.float64)
x.type('torch.DoubleTensor')
x.type()
x.type_as(torch.ones(1, dtype=torch.double))
x.to(torch.ones(1, dtype=torch.double))
x.to('cpu', torch.float64)
x.to(torch.float32, copy=True)
x.to(dtype=torch.float64)
x.to('cuda')
x.to('foo')
x.to()
x.to(None)
x.to(float)
x.to(dtype=int)
x.to(dtype='f')
x.to(torch.int8, torch.int8)
x.to(torch.float64, True, True)
x.to('cpu', torch.float64, True, True)
x.to(tensor=torch.ones(1, dtype=torch.double))
x.to(other=torch.ones(1, dtype=torch.double))
x.double(memory_format=torch.preserve_format)
x.double(foo=1)
x.type(torch.DoubleTensor)
x.type(torch.LongTensor)
x.int().type(torch.Tensor)
x.type('foo')
x.type(int)
x.cpu(memory_format=torch.preserve_format)
x.transpose(0, 5)
x.view()
s.view(())
x.view(torch.int32)
x.detach().view(torch.int16)
x.detach().view(dtype=torch.int64)
x.detach()[:, :, :3].view(torch.float64)
x.detach().transpose(1, 2).view(torch.int8)
s.detach().view(torch.int32)
s.detach().view(torch.int8)
y = torch.zeros(2); y.view(torch.int32)[0] = 1; y
x.detach().transpose(0, 2).clone(memory_format=torch.contiguous_format)
y = x * 2; y.swapaxes_(0, 2); y
x.reshape()
x.swapaxes(0, 1)
x.mH
x.squeeze(-7)
x.permute()
x.expand(2, 3, 4)
x.view(2, 3, 4)
x.flatten(0)
torch.flatten(x)
torch.squeeze(x)
torch.unsqueeze(x, 0)
torch.t(v)
torch.transpose(x, 0, 1)
x.transpose(0, 0)
x.transpose(dim0=0, dim1=1)
x.expand(-2, 3, 4)
x.view(2, -2)
x.view(0, -1)
x[0:0].view(0, -1)
x[0:0].view(-1, 3)
""".strip().splitlines()

ARRANGEMENTS = """
torch.stack([x, x * 2])
torch.stack([x, x * 2], 1)
torch.stack([x, x * 2], -1)
torch.stack([x, x * 2], 5)
torch.stack([x, v])
torch.stack([])
torch.stack((v, v.double()))
torch.stack([v, torch.tensor([1, 2, 3, 4])])
torch.stack([s, s])
torch.cat([x, x * 2])
torch.concatenate([x, x * 2])
torch.vstack([v, v * 2])
torch.vstack((m, v[:3]))
torch.vstack([])
torch.hstack([v, v * 2])
torch.hstack([m, m])
torch.hstack([v[0], v[1]])
torch.vstack([v[0], v[1]])
torch.cat([x, x * 2], 2)
torch.cat((x, x * 2), dim=-1)
torch.cat([x, v])
torch.cat([x, x[:, :2]])
torch.cat([])
torch.cat([s, s])
torch.cat([v, torch.zeros(0)])
torch.cat([v[:0], x, v[:0].double()], 1)
torch.cat([v[:0] * 2, v[:0]])
torch.cat([v, v.double()])
torch.cat([v, torch.tensor([1])])
torch.cat([v])
torch.cat(v)
torch.concat([v, v])
torch.cat([x, x], 3)
x.split(1)
x.split(2, dim=1)
x.split([1, 2], 1)
x.split([1, 1], 1)
x.split(2, -1)
torch.split(x, 2, 2)
x.split(0)
x.split(-1)
x.chunk(2)
x.chunk(2, 1)
x.chunk(5, 2)
x.chunk(3, -1)
torch.chunk(v, 2)
x.chunk(0)
x.unbind()
x.unbind(1)
torch.unbind(x, -1)
s.unbind()
x.unbind(5)
torch.zeros(0, 3).unbind()
torch.zeros(3, 0).unbind(1)
list(torch.zeros(0))
x.narrow(1, 0, 2)
x.narrow(1, -1, 1)
x.narrow(1, 2, 2)
x.narrow(0, 0, -1)
x.narrow(1, 5, 1)
torch.narrow(x, 2, 1, 2)
x.select(1, 2)
x.select(-1, -1)
x.select(0, 5)
torch.select(x, 0, 1)
x.flip(0)
x.flip(0, 1)
x.flip((0, 2))
x.flip([-1])
x.flip(0, 0)
x.flip(5)
torch.flip(x, dims=(0, 1))
x.roll(1)
x.roll(1, 0)
x.roll((1, 2), (0, 1))
x.roll(shifts=1, dims=-1)
x.roll((1, 2), 0)
torch.roll(m, -1, 1)
x.detach().roll(1, dims=None)
s.roll(1)
v.roll(5)
v.roll(())
s.roll(1, 0)
x.repeat(2, 1, 1)
x.repeat(2, 1, 1, 3)
v.repeat(3)
v.repeat(2, 3)
v.repeat((2, 3))
x.repeat(2)
s.repeat(3)
s.repeat(2, 2)
v.repeat(0)
v.repeat(1)
v.repeat(-1)
v.repeat_interleave(2)
x.repeat_interleave(2)
x.repeat_interleave(2, 1)
x.repeat_interleave(2, dim=0)
torch.repeat_interleave(v, 2)
v.repeat_interleave(-1)
v.repeat_interleave(torch.arange(len(v)))
x.repeat_interleave(torch.tensor([2]), 1)
x.repeat_interleave(torch.arange(5), 1)
v.repeat_interleave(torch.tensor([-1]))
x.repeat_interleave(torch.tensor([1, 2, 0, 1]), -1)
x.repeat_interleave(torch.tensor([2]))
x.repeat_interleave(torch.tensor(2), dim=1)
v.tile(2)
v.tile(2, 2)
m.tile((2,))
m.tile((2, 1, 1))
torch.tile(m, (2, 2))
x.movedim(0, 2)
x.movedim((0, 1), (1, 0))
x.moveaxis(0, -1)
torch.movedim(x, 2, 0)
x.movedim((0, 1), (1,))
x.movedim((0, 0), (1, 2))
x.swapaxes(0, 2)
torch.swapaxes(m, 0, 1)
x.unflatten(2, (2, 2))
x.unflatten(-1, (2, -1))
x.unflatten(1, (-1,))
x.unflatten(1, (2, 2))
x.unflatten(1, ())
torch.unflatten(v, 0, (2, 2))
torch.as_strided(x, (2, 2), (1, 2))
x.as_strided((2, 2), (1, 2), 3)
x.as_strided((3, 3), (1, 1), 3)
x.as_strided((3, 3), (0, 1), 3)
x.as_strided((5, 9), (1, 9))
x.detach()[:1].as_strided((3, 3), (1, 3))
x.detach().view(-1)[5:7].as_strided((3, 3), (1, 3))
x[1].as_strided((2, 2), (1, 1))
(x * 2).as_strided((2, 2), (1, 2), 3)
x.transpose(0, 1).as_strided((2, 2), (1, 2), 3)
x.as_strided((0,), (1,))
x.as_strided((2,), (1, 1))
x.as_strided((2,), (-1,))
x.as_strided((2,), (1,), -1)
x.diagonal()
x.diagonal(1)
x.diagonal(0, 1, 2)
x.diagonal(-1, 1, 2)
m.diagonal()
m.diagonal(1)
m.diagonal(-1)
m.diagonal(7)
v.diagonal()
x.diagonal(0, 1, 1)
m.diag()
v.diag()
v.diag(1)
v.diag(-2)
m.diag(1)
x.diag()
torch.diag(v)
m.tril()
z = m.clone(); z.tril_(); z
z = m.clone(); z.triu_(1); z
m.triu()
m.tril(1)
m.triu(-1)
x.tril()
x.triu(1)
torch.tril(m)
v.tril()
torch.triu(v)
torch.meshgrid(v[:2], v[1:], indexing='ij')
torch.meshgrid(v[:2], v[1:], indexing='xy')
torch.meshgrid([v[:2], v[1:]])
torch.meshgrid(v[:2], s, indexing='ij')
torch.meshgrid([], indexing='ij')
torch.meshgrid(v, indexing='')
torch.meshgrid(v, v.double(), indexing='ij')
torch.cat([torch.zeros(0), torch.zeros(0)], 1)
torch.broadcast_to(v, (2, 4))
v.broadcast_to((2, 4))
v.broadcast_to(2, 4)
torch.broadcast_to(v, (2, 5))
torch.broadcast_tensors(v, torch.ones(2, 1))
torch.broadcast_tensors(v, m)
y = m * 2; y.t_(); y
y = m * 2; y.squeeze_(); y
y = (m * 2)[None]; y.squeeze_(0); y
y = m * 2; y.unsqueeze_(0); y
y = m * 2; y.transpose_(0, 1); y
y = torch.ones(2, 3); y.t_(); y
y = torch.ones(2, 3); y.transpose_(0, 1); y.add_(1); y
y = torch.ones(1, 3); y.squeeze_(); y
y = x * 2; y.t_(); y
y = x * 2; z = y[0]; z.t_(); y = z; y
y = x * 2; z = y[0]; z.unsqueeze_(1); z.mul_(2); y = z; y
y = x * 2; z = y[0]; z.unsqueeze_(1); z.mul_(2); y
x.t_()
m.t_()
m.squeeze_()
""".strip().splitlines()

LAYOUTS = """
m.t() + m.t()
m.t() + v[:3, None]
m.t() + torch.ones(3, 2)
torch.ones(3, 2) + m.t()
m.t() * 2
m[:, ::2] * m.t()[:2]
m.t() ** torch.ones(3, 2)
m.t() < torch.ones(3, 2)
torch.maximum(m.t(), torch.ones(3, 2))
x.permute(2, 0, 1) - x.permute(2, 0, 1)[:1].clone()
x.transpose(0, 2) / torch.ones(4, 3, 1)
m[:1].t() / 2
m[:, :1].t() * v[:2]
v[:1] - m[:, :1].t()
m.t().exp()
m.t()[::2].exp()
v.expand(2, 4) + 1
""".strip().splitlines()


@pytest.mark.parametrize("code", SHAPES)
def test_shapes_and_casts_agree(code: str) -> None:
    check(code)


@pytest.mark.parametrize("code", ARRANGEMENTS)
def test_joins_splits_and_arrangements_agree(code: str) -> None:
    check(code)


@pytest.mark.parametrize("code", LAYOUTS)
def test_elementwise_results_lie_as_in_pytorch(code: str) -> None:
    check(code)


@pytest.mark.parametrize(
    "code",
    [
        "x.diff()",
        "torch.diff(x, n=2, dim=0)",
        "x.diff(1, 0, x[:1], append=x[:2])",
        "x.diff(n=9)",
        "x.diff(n=-1)",
        "(x > 0).diff()",
        "x[0, 0].diff()",
        "x[0, 0].unfold(0, 1, 1)",
        "x.unfold(0, -1, 1)",
        "x.unfold(0, 2, 1)",
        "x.t().unfold(0, 3, 2)",
        "x.unfold(1, 5, 1)",
        "x.unfold(1, 2, 0)",
        "torch.kron(x, x[0])",
        "torch.kron(x, x[:3, :2])",
        "x.swapdims(0, 1)",
        "F.pad(x, (1, 2))",
        "F.pad(x, (1, -1, 0, 2), value=3.0)",
        "F.pad(x, (1, 1, 1))",
        "F.pad(x, (1,) * 6)",
    ],
)
def test_windows_differences_and_borders(code: str) -> None:
    agree(code, x=(3, 4), but="stride gradgraph")
