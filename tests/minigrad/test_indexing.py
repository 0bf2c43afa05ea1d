"""Indexing for reading and writing, and what takes and puts by index, agree with PyTorch."""

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


READING = """
x[0]
x[-1]
x[2]
x[0, 1]
x[0, 5]
x[:]
x[:, :]
x[0:2]
x[0:2, :]
x[:, 1:]
x[:, ::2]
x[::-1]
x[::0]
x[None]
x[...]
x[..., 0]
x[..., :, 0]
x[:, None]
x[0, ..., None]
x[..., ...]
x[True]
x[False]
x[True, 0]
x[i]
x[[0, 1]]
x[[[0, 1], [1, 0]]]
x[[0, slice(None)]]
x[(0, 1),]
x[0, [1, 2]]
x[:, i, :]
x[i, :, i]
x[:, i, i]
x[b]
x[b, 0]
x[torch.tensor([True, False, True])]
x[x > 3]
x[torch.tensor(1)]
x[torch.tensor(1), torch.tensor(2)]
x[torch.tensor(True)]
x[torch.tensor([5])]
x[torch.tensor([0.5])]
x[0.5]
x[torch.tensor([0, 1], dtype=torch.int32)]
x[torch.tensor([0, 1], dtype=torch.int16)]
x[i, torch.tensor([0, 1, 2])]
x[0, 0, 0, 0]
x[i, i, i, i]
s[0]
s[None]
s[...]
s[()]
x[()]
s[:]
s[True]
x[np.array([0, 1])]
x[np.int64(1)]
x[range(2)]
x[range(2), 0]
x[torch.zeros(0, dtype=torch.long)]
x[[]]
x[:, []]
x[:, -100:100]
x[torch.zeros(2, 3, 4, dtype=torch.bool)]
x[torch.zeros(2, 4, dtype=torch.bool)]
x[slice(torch.tensor(0), torch.tensor(1))]
x[slice(0.5, 1)]
x[slice('a', 1)]
v[torch.tensor(9)]
v[9]
x[0, None, 1:, [0, 1]]
x[None, i, None, i]
x[[True, False]]
x[[0, True]]
x[0, [0.5]]
x[torch.tensor(-3)]
x[torch.tensor([-3])]
x[torch.tensor(0.5)]
x[..., torch.tensor([True, False, True, False])]
x[np.array([[0, 1], [1, 0]])]
x[np.array([True, False])]
x[np.array([[True, False, True], [True, True, False]])]
x[np.bool_(True)]
x[np.array(1)]
x[np.array([0.5])]
x[np.float64(1)]
x[[torch.tensor(0), torch.tensor(1)]]
x[[0, None]]
x[[[0, 1]],]
x[(0, 1), (0, 1)]
x[i, None]
x[[[0, 0], [1, 1]], [[0, 1], [0, 1]]]
x[1.0, 0]
x['a', 0]
x[0, 'a']
x[{}, 0]
x[{}]
x[object()]
x[i.float()]
x[0, torch.tensor([9])]
x[:, torch.tensor([9])]
x[:, torch.tensor([-1])]
x[torch.tensor([[True, False]])]
x[:, :, :, :]
x[0, 0, 0, None]
x[..., None, 1:3, torch.tensor(2)]
s[torch.tensor(0)]
s[torch.tensor([0])]
s[[0]]
x[True, i]
x[i, True]
x[False, i]
x[i, False]
x[np.array([0, 1]), np.array([0, 1])]
x[i[None], :, i]
x[0][[True, False, True], 1]
x[[True, False], [True, True, False]]
x[[True, False], [True, False, True]]
x[[True, True], [True, True, False], [True, False, False, True]]
x[:, i]
x.squeeze()
x[:1].squeeze()
x[:1].squeeze(0)
x.unsqueeze(0)
x.permute(2, 0, 1)
v.t()
x.view(-1)
v.expand(3, 4)
s.expand(3, 4)
x.double()
x.reshape(-1)
x.mT
x.flatten()
x.transpose(0, 1).reshape(-1)
x[torch.ones(2, 3, dtype=torch.bool), 0]
x[torch.ones(2, 3, dtype=torch.bool), [1]]
x[torch.ones(2, 3, dtype=torch.bool), None, 1:]
x[None, torch.ones(2, 3, dtype=torch.bool)]
x[..., torch.ones(3, 4, dtype=torch.bool)]
x[..., ..., [0]]
x[0:0][[0]]
x[0:0][torch.tensor([], dtype=torch.long)]
s[-1]
s[np.int64(0)]
x.detach()[torch.tensor([1, 0], dtype=torch.uint8)]
x.detach()[torch.tensor([1, 0], dtype=torch.uint8), :, 1]
x.detach()[np.array([0, 1], dtype=np.uint8)]
x[torch.tensor([1, 0, 1], dtype=torch.uint8)]
x[torch.tensor(1, dtype=torch.uint8)]
s[torch.tensor(0, dtype=torch.uint8)]
x[torch.tensor([1, 0], dtype=torch.int8)]
""".strip().splitlines()

WRITING = """
y = x * 2; y[0] = 5.0; y
y = x * 2; y[0, 1] = v; y
y = x * 2; y[...] = v; y
y = x * 2; y[:] = 1; y
y = x * 2; y[:, :] = v; y
y = x * 2; y[None] = v; y
y = x * 2; y[True] = v; y
y = x * 2; y[False] = v; y
y = x * 2; y[i] = v; y
y = x * 2; y[:, i] = v; y
y = x * 2; y[y > 4] = 0.0; y
y = x * 2; y[y > 4] = s; y
y = x * 2; y[y > 4] = v; y
y = x * 2; y[0, 0, 0] = s; y
y = x * 2; y[0, 0, 0] = 3; y
y = x * 2; y[0, 0, 0] = s[None]; y
y = x * 2; y[0, 0, 0] = s[None, None]; y
y = x * 2; y[0] = s[None, None, None]; y
y = x * 2; y[0] = x[None, 0]; y
y = x * 2; y[0] = x; y
y = x * 2; y[0] = [1.0, 2.0]; y
y = x * 2; y[0] = np.ones(4); y
y = x * 2; y[0] = None; y
y = x * 2; y[0] = 'a'; y
y = x * 2; y[0] = True; y
y = x * 2; y[0, 1] = torch.tensor([1, 2, 3, 4]); y
y = x * 2; y[0, 1] = v.double(); y
y = x * 2; y[i] = v.double(); y
y = x * 2; y[i] = torch.tensor([1, 2, 3, 4]); y
y = x * 2; y[i] = 7; y
y = x * 2; y[i] = s; y
y = x * 2; y[[0, 0]] = v; y
y = x * 2; y[0:1] = v; y
y = x * 2; y[1:, 0] = v; y
y = x * 2; y[9] = 1; y
y = x * 2; y[0, i] = torch.ones(3, 4); y
y = x * 2; y[0] = torch.ones(5); y
y = x * 2; y[0] = torch.ones(3, 5); y
y = x * 2; y[0] = torch.ones(2, 3, 4); y
y = x * 2; y[i] = torch.ones(5); y
y = x * 2; y[y > 4] = torch.ones(5); y
x[0] = 5.0
x[0] = v
x[i] = 1.0
x.fill_(2.0)
x.zero_()
x.copy_(x * 2)
y = x * 2; y.fill_(2.0); y
y = x * 2; y.fill_(s); y
y = x * 2; y.fill_(v); y
y = x * 2; y.fill_(v[0:1]); y
y = x * 2; y.fill_(torch.tensor(2)); y
y = x * 2; y.zero_(); y
y = x * 2; y.copy_(v); y
y = x * 2; y.copy_(s); y
y = x * 2; y.copy_(torch.ones(5)); y
y = x * 2; y.copy_(v.double()); y
y = x * 2; y.copy_(3.0); y
y = x * 2; y[0].fill_(2.0); y
y = x * 2; y[0].zero_(); y
y = x * 2; y[0].copy_(v); y
y = x * 2; y[0].mul_(2); y
y = x * 2; y[0] += 1; y
y = x * 2; y[0] *= v; y
y = x * 2; y[i] += 1; y
y = x * 2; y[:, 1:, i] *= v[:2]; y
y = x * 2; y[0][1] = v; y
y = x * 2; y[0][1][2] = s; y
y = x * 2; y[0].t()[1] = 1.0; y
y = x * 2; y.data[0] = 1.0; y
y = x * 2; y.detach()[0] = 1.0; y
y = torch.zeros(2, 4); y[0] = v; y
y = torch.zeros(2, 4); y[:, 0] = s; y
y = torch.zeros(2, 4); y[0, 0] = s; y
y = torch.zeros(2, 4); y[i, i] = v[:2]; y
y = torch.zeros(2, 4); y[b] = v; y
y = torch.zeros(2, 4); y[:, [True, False, True, False]] = v[:2]; y
y = torch.zeros(2, 4); y.copy_(v); y
y = torch.zeros(2, 4); y.fill_(s); y
y = torch.zeros(2, 4, dtype=torch.long); y[0] = v; y
y = torch.zeros(2, 4, dtype=torch.long); y[0] = 1.7; y
y = torch.zeros(2, 4, dtype=torch.long); y[i] = 1.7; y
y = torch.zeros(2, 4, dtype=torch.long); y[i] = v; y
y = torch.zeros(2, 4, dtype=torch.long); y.copy_(v); y
y = torch.zeros(2, 4, dtype=torch.long); y.fill_(1.5); y
y = torch.zeros(2, 4, dtype=torch.bool); y[0] = 3; y
y = torch.zeros(2, 4, dtype=torch.bool); y[0, 1] = 2.5; y
y = torch.zeros(4).expand(3, 4); y[0] = 1.0; y
y = torch.zeros(4).expand(3, 4); y[:] = 1.0; y
y = torch.zeros(4).expand(3, 4); y[:] = torch.ones(4); y
y = torch.zeros(4).expand(3, 4); y.fill_(1.0); y
y = torch.zeros(4).expand(3, 4); y.zero_(); y
y = torch.zeros(4).expand(3, 4); y.copy_(v); y
y = torch.zeros(4).expand(3, 4); y.add_(1.0); y
y = torch.zeros(4).expand(3, 4); y[i] = 1.0; y
y = torch.zeros(4).expand(3, 4); y[:, i] = 1.0; y
y = torch.zeros(4).expand(1, 4); y.add_(1.0); y
y = torch.zeros(4).expand(3, 4)[:1]; y.add_(1.0); y
y = torch.zeros(4).expand(3, 4)[1]; y.add_(1.0); y
y = v.expand(3, 4); y = y.clone(); y[0] = 2.0; y
y = x * 2; y.index_put_((i,), v); y
y = x * 2; y.index_put_((i,), v, accumulate=True); y
y = x * 2; y.index_put_([i, torch.tensor([0, 0])], v); y
y = x * 2; y.index_put_((i,), v.double()); y
y = x * 2; y.index_put_((b,), v); y
y = x * 2; y.index_put_((torch.tensor([0, 0]),), v, True); y
y = (x * 2).mT; y.index_put_((torch.tensor([0, 0]),), torch.tensor(1.0), True); y
y = x.index_put((i,), v); y
y = x.index_put((torch.tensor([0, 0, 1]),), v, accumulate=True); y
y = x.index_put((torch.tensor([0, 0, 1]), torch.tensor([1, 1, 1])), v, accumulate=True); y
y = torch.index_put(x, (b,), v); y
y = x * 2; y[torch.tensor(1)] = v; y
y = x * 2; y[torch.tensor([1]), 0] = v; y
y = x * 2; y[..., 0] = 1; y
y = x * 2; y[..., None, 0] = 1; y
y = x * 2; y[()] = v; y
y = s * 2; y[()] = 1.0; y
y = s * 2; y[...] = v[0]; y
y = s * 2; y[0] = 1.0; y
y = s * 2; y[None] = 1.0; y
y = x * 2; z = y[0]; y[0] = v; y = z; y
y = x * 2; z = y[0]; z[1] = v; y
y = x * 2; z = y[0]; z[1] = v; y = z; y
y = x * 2; z = y.view(-1); z[i] = v[:2]; y = z; y
y = x * 2; z = y.transpose(0, 1); z[0] = v; y = z; y
y = x * 2; z = y.transpose(0, 1); z[0] = v; y
y = x * 2; z = y[:, 1:]; z[:, 0] = v; z *= 2; y = z; y
y = x * 2; z = y[:, 1:]; z[:, 0] = v; z *= 2; y
y = x * 2; y[0, ::2] = v; y[:, 1] *= 2; y[1, 1] = s; y
y = x * 2; y[0] = y[1]; y
y = x * 2; y[0] = y[1] * y[0]; y
y = x * 2; y[1:] = y[:1]; y
y = x * 2; y[0, 1:] = y[0, :-1]; y
y = x * 2; y[torch.ones(2, 3, dtype=torch.bool), 0] = s; y
y = x * 2; y[torch.ones(2, 3, dtype=torch.bool), [1]] = s; y
y = s * 2; y[:2] = 1.0; y
y = s * 2; y[-1] = 1.0; y
y = x * 2; y[np.int64(1)] = v; y
y = x * 2; y[0] = np.int64(3); y
y = x * 2; y[0] = np.float32(3); y
y = torch.zeros(2, 4); y[torch.tensor([1, 0], dtype=torch.uint8)] = v.detach(); y
torch.zeros(2, 4).index_put_((torch.tensor([0, 1], dtype=torch.uint8),), v.detach(), accumulate=True)
y = torch.arange(4); y[y > 9] = torch.tensor([]); y
y = torch.arange(4); y[y > -1] = torch.tensor([]); y
y = torch.arange(4); y[[0, 1]] = torch.ones(3); y
y = torch.arange(4); del y[0]
""".strip().splitlines()

BY_INDEX = """
m.gather(1, ii)
m.gather(0, torch.tensor([[0, 1, 0]]))
torch.gather(m, 1, torch.tensor([[0], [2]]))
m.gather(1, torch.tensor([[0, 5]]))
m.gather(1, torch.tensor([0, 1]))
m.gather(1, ii.float())
m.gather(-1, ii)
m.gather(1, torch.tensor([[0, 0, 0, 0], [1, 1, 1, 1]]))
m.gather(1, torch.tensor([[0], [1], [2]]))
m.gather(1, torch.zeros(2, 0, dtype=torch.long))
x.gather(1, torch.tensor([[[0, 1]], [[2, 0]]]))
v.gather(0, torch.tensor([3, 3, 0]))
m.gather(5, ii)
m.gather(1, index=ii)
torch.gather(input=m, dim=1, index=ii)
m.scatter(1, ii, m * 2)
m.scatter(1, ii, 5.0)
m.scatter(0, torch.tensor([[0, 1, 0]]), m[:1] * 3)
torch.zeros(2, 3).scatter(1, ii, m)
torch.scatter(m, 1, ii, m * m)
y = m * 2; y.scatter_(1, ii, m); y
y = m * 2; y.scatter_(1, ii, 1.0); y
y = torch.zeros(2, 3); y.scatter_(1, ii, m); y
y = torch.zeros(2, 3); y.scatter_(1, torch.tensor([[1], [2]]), 1); y
y = torch.zeros(2, 3); y.scatter_(1, torch.tensor([[1], [2]]), value=1); y
y = torch.zeros(2, 3); y.scatter_(1, torch.tensor([[1], [7]]), 1.0); y
y = torch.zeros(2, 3); y.scatter_(1, torch.tensor([1]), 1.0); y
y = torch.zeros(2, 3); y.scatter_(1, ii, m.double()); y
y = torch.zeros(2, 3); y.scatter_(1, ii, m[:, :2]); y
y = torch.zeros(2, 3, dtype=torch.long); y.scatter_(1, ii, 2); y
m.scatter_add(1, ii, m * 2)
m.scatter_add(0, torch.tensor([[0, 0, 0], [0, 0, 0]]), m * 2)
y = torch.zeros(2, 3); y.scatter_add_(1, ii, m); y
y = m * 2; y.scatter_add_(1, ii, m); y
torch.scatter_add(m, 1, ii, m * m)
x.index_select(1, i)
x.index_select(0, torch.tensor([1, 1, 0]))
torch.index_select(m, 1, torch.tensor([2, 0]))
x.index_select(1, torch.tensor([5]))
x.index_select(1, torch.tensor(1))
x.index_select(1, torch.tensor([[0]]))
x.index_select(1, torch.tensor([0.5]))
x.index_select(-1, i)
x.index_select(3, i)
s.index_select(0, torch.tensor([0]))
s.index_select(0, torch.tensor([0, 0]))
m.index_add(1, torch.tensor([0, 0]), m[:, :2] * 2)
m.index_add(0, i, m, alpha=3)
m.byte().index_add(0, i, m.byte(), alpha=-1)
m.index_add(0, i, v[:1].expand(len(i)))
torch.index_add(m, 0, i, m * m)
y = m * 2; y.index_add_(0, i, m); y
y = m * 2; y.index_add_(0, torch.tensor([0, 0]), m, alpha=2); y
y = torch.zeros(3, 3); y.index_add_(0, i, m); y
m.index_add(0, i, v)
m.index_add(0, torch.tensor([5, 0]), m)
m.index_add(0, i, m.double())
m.masked_select(m > 2)
torch.masked_select(m, m > 2)
m.masked_select(torch.tensor([True, False, True]))
m.masked_select(torch.tensor([1, 0, 1]))
m.nonzero()
(m > 2).nonzero()
torch.nonzero(m > 2)
torch.nonzero(m > 2, as_tuple=True)
(m > 2).nonzero(as_tuple=True)
s.nonzero()
torch.where(m > 2)
m.sort()
m.sort(0)
m.sort(dim=1, descending=True)
torch.sort(m, 1, True)
m.sort(stable=True)
torch.sort(m, stable=True, dim=0, descending=True)
torch.tensor([1.0, float('nan'), 0.0, float('inf')]).sort()
torch.tensor([1.0, float('nan'), 0.0, float('inf')]).sort(descending=True)
torch.tensor([3, 1, 2, 1]).sort()
torch.tensor([True, False]).sort()
s.sort()
m.sort(5)
m.argsort()
m.argsort(0, True)
torch.argsort(m, descending=True)
m.topk(2)
m.topk(1, 0)
m.topk(2, dim=1, largest=False)
m.topk(2, 1, True, False)
torch.topk(v, 2)
torch.unique(m.detach(), dim=2)
torch.unique(s.detach(), dim=0)
torch.unique(torch.zeros(0, 2), dim=0)
torch.unique(torch.zeros(0, 2), dim=1)
m.topk(9)
m.topk(2, 5)
y, z = torch.empty(0), torch.empty(0, dtype=torch.long); torch.sort(m.detach(), out=(y, z)); y, z
y, z = torch.empty(0), torch.empty(0, dtype=torch.long); torch.topk(m.detach(), 2, out=(y, z)); y, z
y = torch.empty(0, dtype=torch.long); torch.nonzero(m > 2, out=y); y
y = torch.empty(0); torch.gather(m.detach(), 1, ii, out=y); y
y = torch.empty(0); torch.index_select(m.detach(), 1, i, out=y); y
y = torch.empty(0); torch.masked_select(m.detach(), m > 2, out=y); y
""".strip().splitlines()


@pytest.mark.parametrize("code", READING)
def test_reading_by_index_agrees(code: str) -> None:
    check(code)


@pytest.mark.parametrize("code", WRITING)
def test_writing_by_index_agrees(code: str) -> None:
    check(code)


@pytest.mark.parametrize("code", BY_INDEX)
def test_taking_and_putting_by_index_agrees(code: str) -> None:
    check(code)


@pytest.mark.parametrize(
    "code",
    [
        "x.take(torch.tensor([0, 5, 5]))",
        "torch.take(x, torch.tensor([[1, -1]]))",
        "x.take(torch.tensor(6))",
        "x.detach().unique()",
        "torch.unique(torch.tensor([3, 1, 3]), return_inverse=True, return_counts=True)",
        "torch.unique(torch.tensor([[1, 2], [1, 2], [0, 1]]), dim=0)",
    ],
)
def test_take_and_unique(code: str) -> None:
    agree(code, x=(2, 3), but="gradgraph stride")
