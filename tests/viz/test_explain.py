"""What a step says: its formulas are the engine's own, calculated here again; its sentences name the right things."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import numpy as np
import pytest

import minigrad
import minigrad.nn  # its rows have formulas, too
from minigrad.ops.templates import OPERATIONS
from tests.viz.recorded import PROGRAMS, run
from viz import latex, texts
from viz.cast import Snap, number
from viz.explain import Writer
from viz.latex import Unreadable, linear
from viz.notation import brief, equation, size_text
from viz.symbols import FORWARD, LETTERS
from viz.trace import MATH_TAGS, Value

ALL = pytest.mark.parametrize("name", PROGRAMS)


def steps(source: str) -> list[Any]:
    return run(source)[0].trace.steps


def said(source: str, kind: str) -> Any:
    """The last step of a kind."""
    return [step for step in steps(source) if step.kind == kind][-1]


# Formulas are the engine's


def test_deviation_along_a_dimension_is_written_without_numbers_and_in_its_own_words() -> None:
    source = "x = torch.tensor([[1., 2., 6.]], requires_grad=True)\nx.std({}).sum().backward()"
    node = said(source.format(1), "node")
    assert "divided by the deviation itself" in node.text
    assert node.formulas[0].text.endswith("(x − x¯) = [[−0.378, −0.189, 0.5669]]")
    assert "x¯" not in said(source.format("1, correction=0"), "node").formulas[0].text


def test_every_equals_sign_of_an_assignment_stands_in_its_row() -> None:
    source = "w = torch.ones(2, requires_grad=True)\n(w * w).sum().backward()\ntorch.optim.SGD([w], lr=0.1).step()"
    formula = said(source, "update").formulas[0]
    assert formula.text == "w ← w − 0.1 · w.grad = [1, 1] − 0.1 × [2, 2] = [0.8, 0.8]"
    assert formula.math.count(["mo", "="]) == 2


def test_a_functions_result_has_a_letter_only_as_long_as_it_has_no_name() -> None:
    trace = run(PROGRAMS["custom"])[0].trace
    result = next(tensor for tensor in trace.tensors if "apply" in tensor.name)
    name = next(value for step in trace.steps for id, part, value in step.changes if (id, part) == (result.id, "name"))
    assert (result.name.partition(" = ")[2].partition(".")[2][:5], result.symbol, name) == ("apply", "", "y")


def test_weight_of_a_layer_norm_is_written_with_no_letter_of_another_tensor() -> None:
    source = "net = torch.nn.LayerNorm(2)\nb = torch.ones(1, 2) * 2\nnet(b).sum().backward()"
    texts_ = [formula.text for step in steps(source) for formula in step.formulas]
    assert any("times the normalised input" in text for text in texts_)


def test_what_a_functions_own_backward_computes_is_not_recorded_because_the_walk_is_not() -> None:
    untracked = [step for step in steps(PROGRAMS["custom"]) if step.kind == "untracked"]
    assert [("inside a Function" in step.text, "create_graph" in step.text) for step in untracked] == [
        *((step.phase == "forward", step.phase == "backward") for step in untracked)
    ]


@ALL
def test_formulas_calculated_give_the_gradients_of_the_engine(name: str) -> None:
    recording, _, _ = run(PROGRAMS[name])
    writer = Writer(recording._recorder)
    for event in recording._recorder.events:
        if event.kind != "node" or not event.facts["node"].operation:
            continue
        operation, incoming = event.facts["node"].operation, event.facts["incoming"][0]
        for key, outgoing in zip(operation.inputs, event.facts["outgoing"], strict=False):
            formula = operation.formula.get(key)
            if formula is None or outgoing is None or outgoing.array is None or incoming.array is None:
                continue
            try:
                tree, known = writer.reading(operation, formula)
                ones = np.ones(operation.given[key].snap.shape)
                result = latex.evaluate(tree, lambda letter, of=known: of[letter].snap.array, incoming.array, ones)
            except Unreadable:
                assert "words" in str(tree) or "total" in str(tree), f"{operation.name}: {formula}"
                continue
            np.testing.assert_allclose(latex.fitted(result, outgoing.array), outgoing.array, rtol=1e-5)


@pytest.mark.parametrize("title", sorted(title for title, row in OPERATIONS.items() if row.formula))
def test_every_row_can_be_read_and_drawn(title: str) -> None:
    for formula in OPERATIONS[title].formula.values():
        if not formula:
            continue
        try:
            tree = latex.read(formula)
        except Unreadable as problem:
            pytest.fail(f"{title}: {formula}: {problem}")
        drawn = latex.draw(tree, latex.name, latex.name("g"), latex.number_math(1), numbers=False)
        assert linear(drawn)
        assert_math(drawn)


def assert_math(part: Any) -> None:
    if isinstance(part, list):
        assert part[0] in MATH_TAGS
        for inner in part[1:]:
            assert_math(inner)


@ALL
def test_last_number_of_a_formula_is_the_one_that_was_recorded(name: str) -> None:
    recording, _, _ = run(PROGRAMS[name])
    for event, step in zip(recording._recorder.events, recording.trace.steps, strict=True):
        if event.kind != "node":
            continue
        outgoing = [
            snap
            for edge, snap in zip(event.facts["node"].arguments, event.facts["outgoing"], strict=False)
            if edge and snap
        ]
        assert len(step.formulas) >= len(outgoing)
        for formula, snap in zip(step.formulas[len(step.formulas) - len(outgoing) :], outgoing, strict=True):
            if snap.array is not None and snap.array.size == 1:
                assert formula.text.endswith(f"= {number(snap.array.item())}")


def test_every_operation_written_forward_is_one_we_have() -> None:
    names = {row.name for row in OPERATIONS.values()}
    assert set(FORWARD) <= names
    assert all(latex.read(text) for text in FORWARD.values())
    assert all(LETTERS.values())


# The example of the first lesson, word for word


def test_formulas_of_the_product() -> None:
    assert [formula.text for step in steps(PROGRAMS["product"]) for formula in step.formulas] == [
        "x = 2",
        "y = 3",
        "a = x + y = 2 + 3 = 5",
        "b = y − 2 = 3 − 2 = 1",
        "z = a · b = 5 × 1 = 5",
        "∂z/∂z = 1",
        "∂z/∂a = ∂z/∂z · b = 1 × 1 = 1",
        "∂z/∂b = ∂z/∂z · a = 1 × 5 = 5",
        "∂z/∂y = ∂z/∂b · 1 = 5 × 1 = 5",
        "∂z/∂x = ∂z/∂a · 1 = 1 × 1 = 1",
        "∂z/∂y = ∂z/∂a · 1 = 1 × 1 = 1",
        "x.grad = None + 1 = 1",
        "∂z/∂y = 5 + 1 = 6",
        "y.grad = None + 6 = 6",
    ]
    product = said(PROGRAMS["product"], "operation")
    assert product.formulas[0].math[-1][0] == "mark"


def test_notes_say_where_a_gradient_goes() -> None:
    node = next(step for step in steps(PROGRAMS["product"]) if step.kind == "node")
    assert [formula.note for formula in node.formulas] == ["to AddBackward0 (a = x + y)", "to SubBackward0 (b = y − 2)"]
    assert node.title == "MulBackward0 passes the gradient to both factors"


@pytest.mark.parametrize(
    ("expression", "formula"),
    [
        ("x / 4", "∂y/∂x = ∂y/∂y / 4 = 1 / 4 = 0.25"),
        ("-x", "∂y/∂x = ∂y/∂y · (−1) = 1 × (−1) = −1"),
        ("5 - x", "∂y/∂x = ∂y/∂y · (−1) = 1 × (−1) = −1"),
        ("x ** 3", "∂y/∂x = ∂y/∂y · 3 · x² = 1 × 3 × 2² = 12"),
        ("x ** 2", "∂y/∂x = ∂y/∂y · 2 · x = 1 × 2 × 2 = 4"),
        ("x ** 1", "∂y/∂x = ∂y/∂y · 1 = 1 × 1 = 1"),
        ("torch.log(x)", "∂y/∂x = ∂y/∂y / x = 1 / 2 = 0.5"),
        ("torch.exp(x)", "∂y/∂x = ∂y/∂y · y = 1 × 7.389 = 7.389"),
        ("x * x", "∂y/∂x = ∂y/∂y · x = 1 × 2 = 2"),
        ("2 * x", "∂y/∂x = ∂y/∂y · 2 = 1 × 2 = 2"),
        ("x.clone()", "∂y/∂x = ∂y/∂y = 1"),
    ],
)
def test_formula_of(expression: str, formula: str) -> None:
    found = said(f"x = torch.tensor([2.0], requires_grad=True)\ny = {expression}\ny.backward()", "node")
    assert found.formulas[-1].text == formula


def test_matrices_are_numbers_while_small_and_shapes_beyond() -> None:
    source = """
        x = torch.ones({n}, 2)
        w = torch.ones(2, {n}, requires_grad=True)
        y = torch.mm(x, w)
        y.sum().backward()
    """
    small, large = (said(textwrap.dedent(source.format(n=n)), "node").formulas[-1].text for n in (2, 5))
    assert small == "∂a/∂w = xᵀ @ ∂a/∂y = [[1, 1], [1, 1]]ᵀ @ [[1, 1], [1, 1]] = [[2, 2], [2, 2]]"
    assert large == "∂a/∂w = xᵀ @ ∂a/∂y = (2×5)"


def test_broadcasting_is_said_forward_and_summed_backward() -> None:
    there, back = said(PROGRAMS["broadcast"], "leaf"), said(PROGRAMS["broadcast"], "node")
    assert there.title == "b is made"
    forward = next(step for step in steps(PROGRAMS["broadcast"]) if step.kind == "operation")
    assert "b is stretched from [3] to [2, 3]" in forward.text
    assert "summed over the dimensions in which it was stretched" in back.text
    assert back.formulas[0].text.startswith("∂a/∂b = ∑ ∂a/∂y · x")


def test_gradient_argument_makes_the_top_an_L() -> None:
    begin = said(PROGRAMS["jacobian_row"], "backward")
    assert begin.formulas[0].text == "∂L/∂y = v = [1, 10]"


def test_taken_letters_are_not_used_again() -> None:
    trace = run("a = torch.tensor([2.0], requires_grad=True)\nL = (a + 1) * a\nL.backward(torch.tensor([2.0]))")[
        0
    ].trace
    assert {row.name: row.symbol for row in trace.tensors}["a + 1"] == "b"
    assert next(step for step in trace.steps if step.kind == "backward").formulas[0].text.startswith("∂ℓ/∂L")


def test_same_name_twice_in_one_line() -> None:
    found = said("h = torch.tensor([2.0], requires_grad=True)\nh = h * 3\nh = h * 5", "operation")
    assert found.formulas[0].text == "h = h · 5 = 6 × 5 = 30"


def test_descent_by_hand_is_an_update_with_its_numbers() -> None:
    updates = [step for step in steps(PROGRAMS["descent_by_hand"]) if step.kind == "update"]
    assert [step.title for step in updates] == ["w is updated", "b is updated"]
    assert updates[0].phase == "update"
    assert updates[0].formulas[0].text.startswith("w ← w − ")


def test_optimizer_says_its_step() -> None:
    source = """
        w = torch.tensor([1.0], requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.5)
        loss = (w * 3).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    """
    found = said(textwrap.dedent(source), "update")
    assert found.title == "SGD moves w"
    assert found.formulas[0].text == "w ← w − 0.5 · w.grad = 1 − 0.5 × 3 = −0.5"


def test_gradient_set_to_none_and_zeroed() -> None:
    found = [step for step in steps(PROGRAMS["zeroed"]) if step.kind == "grad_set"]
    assert [step.title for step in found] == ["x.grad is zeroed", "x.grad is set to None"]


def test_untracked_says_why() -> None:
    assert "no_grad" in said(PROGRAMS["no_grad"], "untracked").text
    assert "Nothing here requires grad" in said("a = torch.ones(2)\nb = a + 1", "untracked").text
    assert "detach" in said(PROGRAMS["detached"], "untracked").title


def test_inference_mode_is_called_by_its_name() -> None:
    source = "w = torch.ones(2, requires_grad=True)\nwith torch.inference_mode():\n    y = w * 3"
    assert "(inference_mode)" in said(source, "untracked").text


def test_momentum_is_written_out() -> None:
    source = """
        v = torch.tensor([1.0], requires_grad=True)
        optimizer = torch.optim.SGD([v], lr=0.5, momentum=0.9, weight_decay=0.1)
        (v * 3).sum().backward()
        optimizer.step()
    """
    texts = [formula.text for formula in said(textwrap.dedent(source), "update").formulas]
    assert texts == [
        "m ← 0.9 · m + (v.grad + 0.1 · v) = 3 + 0.1 × 1 = 3.1",
        "v ← v − 0.5 · m = 1 − 0.5 × 3.1 = −0.55",
    ]


def test_look_ahead_of_nesterov_is_calculated() -> None:
    source = """
        w = torch.tensor(1.0, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.5, momentum=0.5, nesterov=True)
        (w * 2).backward()
        optimizer.step()
    """
    step = said(textwrap.dedent(source), "update").formulas[1].text
    assert step == "w ← w − 0.5 · (w.grad + 0.5 · v) = 1 − 0.5 × (2 + 0.5 × 2) = −0.5"


def test_decay_of_plain_descent_is_written_out() -> None:
    source = """
        w = torch.tensor(1.0, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.5, weight_decay=0.5)
        (w * 2).backward()
        optimizer.step()
    """
    step = said(textwrap.dedent(source), "update").formulas[0].text
    assert step == "w ← w − 0.5 · (w.grad + 0.5 · w) = 1 − 0.5 × (2 + 0.5 × 1) = −0.25"


def test_optimizer_of_another_rule_names_its_settings() -> None:
    source = """
        w = torch.tensor(1.0, requires_grad=True)
        optimizer = torch.optim.AdamW([w], lr=0.5)
        (w * 2).backward()
        optimizer.step()
    """
    told = "(lr 0.5, betas (0.9, 0.999), eps 1e−8 and weight_decay 0.01)"
    assert told in said(textwrap.dedent(source), "update").text


def test_mask_of_dropout_is_said_to_be_drawn() -> None:
    found = said("x = torch.ones(2, requires_grad=True)\ny = torch.nn.functional.dropout(x, 0.5)", "operation")
    assert "The mask was drawn at random" in found.text
    assert "it saves a (dropout's mask)" in found.text


def test_walk_from_several_tensors_names_them_all() -> None:
    begin = said(
        "x = torch.ones(1, requires_grad=True)\ny, z = x * 2, x * 3\ntorch.autograd.backward([y, z])", "backward"
    )
    assert begin.title == "backward() starts at y and z"
    assert [formula.text for formula in begin.formulas] == ["∂L/∂y = 1", "∂L/∂z = 1"]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("w.T", "y = wᵀ = [[1, 2]]ᵀ = [[1], [2]]"),
        ("w.permute(1, 0)", "y = wᵀ = [[1, 2]]ᵀ = [[1], [2]]"),
        ("w.unsqueeze(0)", "y = unsqueeze(w, 0) = (1×1×2)"),
        ("w.double()", "y = w.to(float64) = [[1, 2]]"),
        ("w.to(torch.float32, copy=True)", "y = to_copy(w) = [[1, 2]]"),
    ],
)
def test_forward_formula_of(expression: str, text: str) -> None:
    found = steps(f"w = torch.tensor([[1.0, 2.0]], requires_grad=True)\ny = {expression}")[1]
    assert found.formulas[0].text == text


def test_reduction_along_a_dimension_is_not_said_to_be_replaced() -> None:
    for reduced in ("amax(1)", "prod(1)", "norm(dim=1)"):
        source = f"x = torch.tensor([[1.0, 2.0], [3.0, 3.0]], requires_grad=True)\nx.{reduced}.sum().backward()"
        assert "is not what its formula gives" not in said(source, "node").text


def test_formula_that_is_not_defined_for_its_numbers_is_left_out() -> None:
    found = said("n = torch.tensor(2.0, requires_grad=True)\ny = torch.tensor(0.0) ** n\ny.backward()", "node")
    assert [formula.text for formula in found.formulas] == ["∂y/∂n = 0"]
    assert "is not what its formula gives" not in found.text


def test_gradient_that_is_kept_once_more_is_added() -> None:
    source = """
        x = torch.ones(1, requires_grad=True) * 2
        x.retain_grad()
        (x * 3).backward()
        (x * 5).backward()
    """
    assert said(textwrap.dedent(source), "retain").formulas[0].text == "x.grad = 3 → 8"


def test_vector_in_a_product_is_not_called_like_the_product() -> None:
    source = "v, A = torch.ones(2, requires_grad=True), torch.ones(2, 2)\ny = v @ A"
    told = steps(source)
    assert [step.title for step in told[2:]] == [
        "a (unsqueeze(v, 0)) is a view of v", "y = a @ A makes MmBackward0", "y is changed in place",
    ]  # fmt: skip
    assert told[-1].text.startswith("The product was worked out with a matrix of a single row or column.")


def test_momentum_that_is_known_is_calculated_with() -> None:
    source = """
        w = torch.tensor(1.0, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.5, momentum=0.9)
        for _ in range(2):
            optimizer.zero_grad()
            (w * 2).backward()
            optimizer.step()
    """
    told = [
        formula.text for step in steps(textwrap.dedent(source)) if step.kind == "update" for formula in step.formulas
    ]
    assert told == [
        "v ← 0.9 · v + w.grad = 2",
        "w ← w − 0.5 · v = 1 − 0.5 × 2 = 0",
        "v ← 0.9 · v + w.grad = 0.9 × 2 + 2 = 3.8",
        "w ← w − 0.5 · v = 0 − 0.5 × 3.8 = −1.9",
    ]


def test_gradient_that_a_hook_replaced_stands_on_its_edge() -> None:
    found = said(PROGRAMS["hooked"], "hook")
    edges = [value for _, attribute, value in found.changes if attribute == "gradient"]
    assert edges == ["120"]


def test_letters_of_ours_are_no_names_of_the_learners() -> None:
    source = "x = torch.ones(2, requires_grad=True)\n(x + 1).sum().backward()\na, b = 1, [c for c in (2, 3)]"
    assert said(source, "backward").title == "backward() starts at f ((x + 1).sum())"


def test_weights_view_is_no_call_of_the_module() -> None:
    source = """
        inner, outer = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
        y = outer(inner(torch.ones(1, 2))).sum()
    """
    titles = [step.title for step in steps(textwrap.dedent(source)) if step.kind == "view"]
    assert titles == [
        f"{x} ({name}.weightᵀ) is a view of {name}.weight" for x, name in (("b", "inner"), ("d", "outer"))
    ]


def test_what_a_function_makes_inside_is_not_yet_called_like_its_result() -> None:
    titles = [step.title for step in steps(PROGRAMS["custom"])[1:3]]
    assert titles == ["x · 2: no node is made", "y = Double(x) makes DoubleBackward"]


def test_looking_at_a_weight_after_backward_is_part_of_the_update() -> None:
    source = """
        w = torch.ones(2, requires_grad=True)
        (w * 2).sum().backward()
        was = w.detach().clone()
        once = was.mean()
        y = w * 3
    """
    phases = [step.phase for step in steps(textwrap.dedent(source))]
    assert phases[-4:] == ["update", "update", "update", "forward"]


def test_only_a_change_of_requires_grad_is_told() -> None:
    source = """
        w = torch.ones(2, requires_grad=True).requires_grad_()
        optimizer = torch.optim.SGD([w], lr=0.5)
        (w * 2).sum().backward()
        length = w.grad.norm()
        optimizer.zero_grad(set_to_none=False)
        w.requires_grad_(False)
    """
    told = [step.title for step in steps(textwrap.dedent(source)) if step.kind == "leaf"]
    assert told == ["w is made", "w no longer requires grad"]


def test_custom_function_is_said_to_be_the_learners() -> None:
    assert said(PROGRAMS["custom"], "node").text == "This node runs the backward that you wrote."


@ALL
def test_sentences_are_whole(name: str) -> None:
    for step in steps(PROGRAMS[name]):
        assert step.title
        assert step.title[-1] not in ".,"
        assert step.text.endswith((".", "!"))
        for text in (step.title, step.text, *(formula.text for formula in step.formulas)):
            assert "  " not in text
            assert not re.search(r"[{}]|\bNone None\b|0x[0-9a-f]", text)


# The catalogue


def test_every_sentence_can_be_said_in_every_language() -> None:
    for table in texts.LANGUAGES.values():
        assert set(table) <= set(texts.EN)
        for key, sentence in table.items():
            assert fields(sentence) <= fields(texts.EN[key])


def fields(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", sentence))


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="no texts in 'xx'; there are en"):
        texts.use("xx")


def test_another_language_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(texts.LANGUAGES, "de", {"leaf.title": "{x} entsteht"})
    texts.use("de")
    try:
        assert steps("x = torch.ones(1, requires_grad=True)")[0].title == "x entsteht"
    finally:
        texts.use("en")


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_listing(words: list[str], text: str) -> None:
    assert texts.listing(words) == text


# Small things


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (2.0, "2"), (-1.5, "−1.5"), (1 / 3, "0.3333"), (1e-7, "1e−7"), (123456.0, "1.235e5"),
        (float("nan"), "NaN"), (float("inf"), "∞"), (float("-inf"), "−∞"),
    ],
)  # fmt: skip
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("count", "text"), [(8, "8 B"), (4000, "4.0 kB"), (802_816, "803 kB"), (4_200_000, "4.2 MB")])
def test_size(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32([2]), "[2.]"),
        (np.float32(5), "5."),
        (np.float32([0.5, -1, 2]), "[0.5, −1, 2]"),
        (np.zeros((3, 4), np.float32), "3×4"),
        (np.zeros(100, np.float32), "100 numbers"),
        (np.array([True, False]), "[True, False]"),
        (np.array([3, 4]), "[3, 4]"),
    ],
)
def test_brief(array: np.ndarray, text: str) -> None:
    assert brief(Snap(array).value) == text


def test_values_that_are_not_finite_are_written_without_loss() -> None:
    snap = Snap(np.float32([np.nan, np.inf]))
    assert snap.value.cells is not None
    assert brief(snap.value) == "[nan, inf]"
    assert isinstance(snap.value, Value)


def test_equation_leaves_out_what_is_the_same() -> None:
    one: list[Any] = ["mn", "1"]
    assert equation(latex.name("x"), one, one).text == "x = 1"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\frac{x}{y + 1}", "x / (y + 1)"),
        (r"\sqrt{x}", "√(x)"),
        (r"(x + y) \cdot z", "(x + y) · z"),
        (r"x - (y - z)", "x − (y − z)"),
        (r"-x^2", "−x²"),
        (r"|x| / 2", "|x| / 2"),
        (r"[x \ge 0]", "[x ≥ 0]"),
        (r"A^\top B", "Aᵀ @ B"),
        (r"\bar{z} \cdot \sin x", "g · sin x"),
        (r"\alpha \, x", "α · x"),
        (r"\bar{z} \cdot [\mathrm{min} \le x \le \mathrm{max}]", "g · [min ≤ x ≤ max]"),
        (r"\bar{z}\,[x = z] / \#\{x = z\}", "g · [x = z] / #{x = z}"),
        (r"z \odot (\bar{z} - \textstyle\sum z \odot \bar{z})", "z · (g − ∑ z · g)"),
        (r"\text{its part of } \bar{z}", "its part of g"),
        (r"\bar{z} \, \mathrm{sgn}(x) \, |x|^{p - 1}", "g · sgn x · |x|^(p − 1)"),
    ],
)
def test_latex_reads_and_draws(formula: str, text: str) -> None:
    drawn = latex.draw(latex.read(formula), latex.name, latex.name("g"), latex.number_math(1), numbers=False)
    assert " ".join(linear(drawn).split()) == text


@pytest.mark.parametrize("formula", [r"\unknown", "(x", "x +", "[x", "x)"])
def test_latex_it_does_not_know_is_refused(formula: str) -> None:
    with pytest.raises(Unreadable):
        latex.read(formula)


def test_names_from_the_learner_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"<b>": minigrad.ones(1, requires_grad=True)}
    source = "ws = variables\ny = ws['<b>'] * 2"
    monkeypatch.setattr(minigrad, "variables", variables, raising=False)
    trace = run(source.replace("variables", "torch.variables"))[0].trace
    assert "ws['<b>']" in {row.name for row in trace.tensors}


def forward(source: str) -> list[str]:
    """The formulas of operations, and of nodes."""
    return [
        f.text for step in steps(textwrap.dedent(source)) if step.kind in ("operation", "node") for f in step.formulas
    ]


def test_numbers_an_operation_works_with_are_written() -> None:
    source = """
        a = torch.ones(2, requires_grad=True)
        b = torch.add(a, a, alpha=2)
        c = b.clamp(-1, 1)
        d = c.sum(0)
    """
    assert forward(source) == [
        "b = a + 2 · a = [1, 1] + 2 × [1, 1] = [3, 3]",
        "c = clamp(b, −1, 1) = [1, 1]",
        "d = sum(c, 0) = 2",
    ]


def test_product_with_a_vector_gives_an_outer_product_back() -> None:
    source = """
        A = torch.ones(2, 2, requires_grad=True)
        v = torch.tensor([1.0, 2.0])
        m = A @ v
        m.backward(torch.ones(2))
    """
    assert forward(source)[1] == "∂L/∂A = ∂L/∂m @ vᵀ = [1, 1] @ [1, 2]ᵀ = [[1, 2], [1, 2]]"


def test_new_tensor_made_of_a_gradient_is_no_gradient() -> None:
    source = """
        w = torch.ones(1, requires_grad=True)
        (w * w).backward()
        with torch.no_grad():
            w = w - 0.1 * w.grad
        z = w * 3
    """
    told = [step.text for step in steps(textwrap.dedent(source)) if step.kind == "untracked"]
    assert told[-1] == "Nothing here requires grad, so there is nothing to record."
    assert told[-2].startswith("Recording is off here (no_grad)")
