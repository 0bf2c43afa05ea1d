"""Random numbers: the same as PyTorch's for the same seed, and the generator left in the same state, call by call."""

from __future__ import annotations

import copy
import pickle
import random

import pytest

import minigrad
from tests.minigrad.oracle import agree, program

SHAPES = ["(0,)", "()", "(1,)", "(3,)", "(15,)", "(16,)", "(17,)", "(2, 8)", "(5, 7)", "(33,)"]
FLOATS = ["torch.float16", "torch.float32", "torch.float64"]
SEEDS = [0, 1, 42, -1, 2**32 - 1, 2**32, 2**32 + 7, 2**63, 2**64 - 1, -(2**63)]
DRAWS = [  # exact to the last bit: printed
    "print(torch.rand({shape}, dtype={float}).tolist())",
    "print(torch.empty({shape}).uniform_(-0.3, 0.7).tolist())",
    "print(torch.randint({high}, {shape}).tolist())",
    "print(torch.randint(-{high}, {high}, {shape}, dtype=torch.float64).tolist())",
    "print(torch.randint(0, 2, {shape}, dtype=torch.bool).tolist())",
    "print(torch.randperm({n}).tolist())",
    "print(torch.randperm({n}, dtype=torch.int32).tolist())",
    "print(torch.bernoulli(torch.rand({shape}, dtype={float})).tolist())",
    "print(torch.empty({shape}, dtype={float}).bernoulli_(0.3).tolist())",
    "print(torch.empty({shape}, dtype=torch.int64).random_().tolist())",
    "print(torch.empty({shape}, dtype=torch.uint8).random_(5, 250).tolist())",
    "print(torch.rand_like(torch.ones({shape}, dtype={float})).tolist())",
    "torch.manual_seed({n})",
]
CLOSE = [  # through log, cos and sin: compared with a tolerance
    "{name} = torch.randn({shape}, dtype={float})",
    "{name} = torch.randn({shape}, dtype={float})",
    "{name} = torch.normal(2.0, 3.0, {shape}, dtype={float})",
    "{name} = torch.normal(torch.rand(4, 1), torch.rand(5))",
    "{name} = torch.normal(torch.rand(17), 0.5)",
    "{name} = torch.normal(1.5, torch.rand(3))",
    "{name} = torch.empty({shape}, dtype={float}).normal_(1, 0.1)",
    "{name} = torch.randn_like(torch.ones(4, 6).t())",
    "{name} = torch.empty(6, 4).t().normal_()",
]
STATE = "print(int((torch.get_rng_state().numpy()[:5016].astype('int64') * np.arange(5016)).sum()))"


def sequence(number: int) -> str:
    """Eight draws of any kind, and where they leave the generator."""
    draw = random.Random(number)
    lines = [f"torch.manual_seed({draw.choice([*SEEDS, draw.getrandbits(31), draw.getrandbits(63)])})"]
    for step in range(8):
        line = draw.choice(DRAWS if draw.random() < 0.6 else CLOSE)
        lines.append(
            line.format(
                name=f"x{step}",
                shape=draw.choice(SHAPES),
                float=draw.choice(FLOATS),
                high=draw.choice([1, 10, 2**28 - 1, 2**28, 2**40]),
                n=draw.choice([0, 1, 2, 10, 30]),
            )
        )
    return "\n".join([*lines, STATE])


@pytest.mark.parametrize("number", range(120))
def test_sequences_of_draws(number: int) -> None:
    program(sequence(number))


@pytest.mark.parametrize("seed", SEEDS)
def test_seeds(seed: int) -> None:
    program(f"torch.manual_seed({seed}); print(torch.initial_seed(), torch.rand(3).tolist()); {STATE}")


@pytest.mark.parametrize("length", [624, 625, 1000, 2000])
def test_streams_go_on_beyond_a_block_of_the_twister(length: int) -> None:
    program(f"print(torch.rand({length})[-3:].tolist(), torch.rand(2).tolist()); {STATE}")


def test_generators_are_independent() -> None:
    program("""
        a, b = torch.Generator().manual_seed(3), torch.Generator()
        print(a.initial_seed(), b.initial_seed(), a.device)
        print(torch.rand(2, generator=a), torch.rand(2, generator=b), torch.rand(2), torch.rand(2, generator=a))
        print(torch.randperm(5, generator=a), torch.randint(9, (3,), generator=b), torch.randn(3, generator=a))
        print(torch.rand_like(torch.ones(2), generator=b), torch.bernoulli(torch.full((4,), 0.5), generator=a))
    """)


def test_states_are_taken_and_put_back() -> None:
    program("""
        torch.randn(3)
        state = torch.get_rng_state()
        first = torch.randn(5), torch.rand(2)
        torch.set_rng_state(state)
        second = torch.randn(5), torch.rand(2)
        print([np.array_equal(a, b) for a, b in zip(first, second)], state.shape, state.dtype)
        g = torch.Generator()
        print(g.set_state(state) is g, np.array_equal(torch.randn(5, generator=g), first[0]), g.initial_seed())
        del state, first, second
    """)


def test_a_fork_does_not_move_what_comes_after() -> None:
    program("""
        with torch.random.fork_rng():
            torch.manual_seed(9)
            print(torch.rand(1))
        print(torch.rand(1))
        with torch.random.fork_rng(enabled=False):
            torch.rand(1)
        print(torch.rand(1))
    """)


@pytest.mark.parametrize(
    "code",
    [
        "torch.manual_seed(2**64)",
        "torch.manual_seed(-2**63 - 1)",
        "torch.manual_seed('a')",
        "torch.manual_seed(3.7).initial_seed()",
        "torch.Generator().manual_seed(3.7)",
        "torch.Generator().set_state(torch.zeros(3))",
        "torch.Generator().set_state(torch.zeros(5056, dtype=torch.uint8))",
        "torch.empty(2).uniform_(1, 0)",
        "torch.empty(2, dtype=torch.int64).uniform_()",
        "torch.empty(2, dtype=torch.int64).normal_()",
        "torch.empty(2).normal_(0, -1)",
        "torch.empty(2).random_(3, 2)",
        "torch.empty(2, dtype=torch.uint8).random_(300)",
        "torch.randint(-5, 5, (2,), dtype=torch.uint8)",
        "torch.randint(3, (2,), dtype=torch.bool)",
        "torch.empty(2).bernoulli_(2.0)",
        "torch.empty(2).bernoulli_(torch.ones(3))",
        "torch.empty(2).bernoulli_(torch.ones(2, 2))",
        "torch.bernoulli(torch.tensor([0.5, 2.0]))",
        "torch.bernoulli(torch.tensor([1, 0]))",
        "torch.multinomial(torch.tensor([1.0, -1.0]), 1)",
        "torch.multinomial(torch.tensor([0.0, 0.0]), 1)",
        "torch.multinomial(torch.tensor([1.0, 1.0]), 3)",
        "torch.multinomial(torch.ones(2), 1.5)",
        "torch.multinomial(torch.ones(2), 0)",
        "torch.multinomial(torch.ones(0, 3), 2, replacement=True)",
    ],
)
def test_errors(code: str) -> None:
    agree(code)


def test_a_seed_nobody_knows_is_returned_and_used() -> None:
    seeds = {minigrad.seed() for _ in range(4)}
    assert len(seeds) == 4
    assert minigrad.initial_seed() in seeds
    drawn = minigrad.rand(3).tolist()
    minigrad.manual_seed(minigrad.initial_seed())
    assert minigrad.rand(3).tolist() == drawn


def test_a_generator_is_copied_and_pickled_with_its_state() -> None:
    generator = minigrad.Generator().manual_seed(4)
    minigrad.randn(3, generator=generator)
    twins = copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))
    drawn = minigrad.randn(4, generator=generator).tolist()
    assert [minigrad.randn(4, generator=twin).tolist() for twin in twins] == [drawn, drawn]


def test_a_generator_prints_no_memory_address() -> None:
    assert repr(minigrad.manual_seed(5)) == "<torch._C.Generator object with seed 5>"


def test_indices_by_weight() -> None:
    program("""
        torch.manual_seed(3)
        print(torch.multinomial(torch.rand(3, 7), 4), torch.rand(27).multinomial(1, replacement=True).item())
        print(torch.multinomial(torch.rand(7, dtype=torch.float64), 9, replacement=True), torch.rand(1))
        print(torch.multinomial(torch.ones(2, 3), num_samples=1, generator=torch.Generator().manual_seed(5)))
    """)
