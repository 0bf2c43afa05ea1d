"""Tensors are called what the learner calls them, where and when he does."""

from __future__ import annotations

import textwrap

from tests.viz.recorded import run


def titles(source: str, kind: str = "operation") -> list[str]:
    return [step.title for step in run(textwrap.dedent(source))[0].trace.steps if step.kind == kind]


def formulas(source: str, kind: str = "operation") -> list[str]:
    steps = run(textwrap.dedent(source))[0].trace.steps
    return [formula.text for step in steps if step.kind == kind for formula in step.formulas]


def test_a_later_calls_parameter_is_not_what_a_tensor_was_made_as() -> None:
    source = """
        def both(t): return t * 2, t * 3
        x = torch.ones(1, requires_grad=True)
        p, q = both(x)
        r, s = both(p)
        def square(t): return t * t
        y = square(square(s))
    """
    named = [title.removesuffix(" makes MulBackward0") for title in titles(source)]
    assert named == ["p = t · 2", "q = t · 3", "r = t · 2", "s = t · 3", "t · t", "y = t · t"]


def test_inside_a_function_its_own_names_hold_and_outside_the_cells() -> None:
    source = """
        def double(t): return t * 2
        angle = torch.tensor([3.0], requires_grad=True)
        r = double(angle)
        s = angle + 1
    """
    assert titles(source, "leaf") == ["angle is made"]
    assert titles(source) == ["r = t · 2 makes MulBackward0", "s = angle + 1 makes AddBackward0"]
    rows = [value for step in run(textwrap.dedent(source))[0].trace.steps for _, field, value in step.changes
            if field == "name"]  # fmt: skip
    assert rows == ["t", "angle"]


def test_variables_of_a_function_that_is_over_are_no_names_of_other_tensors() -> None:
    source = """
        def halved(number):
            while number > 1:
                number = number / 2
            return number

        number = torch.tensor(4.0, requires_grad=True)
        rest = halved(number)
        rest = rest.exp()
    """
    assert titles(source, "untracked") == ["[number > 1]: no node is made"] * 3
    assert titles(source)[-1] == "rest = exp(rest) makes ExpBackward0"


def test_name_that_a_function_used_too_is_the_cells_again_when_it_is_over() -> None:
    source = """
        def f(t):
            x = t * 3
            return x + 1

        x = torch.tensor([3.0], requires_grad=True)
        y = f(x)
        y.backward()
    """
    steps = run(textwrap.dedent(source))[0].trace.steps
    assert [step.formulas[0].text for step in steps if step.kind == "node"] == [
        "∂y/∂x₂ = ∂y/∂y · 1 = 1 × 1 = 1",
        "∂y/∂x = ∂y/∂x₂ · 3 = 1 × 3 = 3",
    ]


def test_tensor_whose_name_has_gone_on_is_numbered_and_said_to_be_that_of_its_step() -> None:
    source = """
        w = torch.tensor(3.0, requires_grad=True)
        h = w * 2
        h = h.exp()
        h = h.sin()
        h.backward()
    """
    last = [step for step in run(textwrap.dedent(source))[0].trace.steps if step.kind == "node"]
    assert [step.formulas[0].text.split(" = ")[0] for step in last] == ["∂h/∂h₂", "∂h/∂h₁", "∂h/∂w"]
    assert last[1].text.endswith("h₁ is the h of step 2 and h₂ is the h of step 3.")


def test_first_name_is_that_of_the_variable_that_was_assigned() -> None:
    source = """
        radius = torch.tensor(1.5, requires_grad=True)
        area = torch.exp(radius)
        for tensor in (radius, area):
            pass
    """
    assert titles(source) == ["area = exp(radius) makes ExpBackward0"]


def test_result_of_a_call_is_that_of_its_last_operation() -> None:
    source = """
        net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
        scores = net(torch.ones(1, 1))
        correct = torch.autograd.gradcheck(torch.exp, torch.ones(1, dtype=torch.float64, requires_grad=True))
    """
    named = [row.name for row in run(textwrap.dedent(source))[0].trace.tensors]
    assert named.count("scores") == 1
    assert not {"correct", "input"} & set(named)


def test_parameters_are_called_as_the_cell_calls_their_module() -> None:
    source = """
        def train(s):
            s(torch.ones(1, 1)).sum().backward()
        net = torch.nn.Linear(1, 1)
        train(net)
    """
    assert titles(source, "accumulate") == [f"net.{key}.grad receives its first gradient" for key in ("bias", "weight")]


def test_variables_that_change_places_are_called_so_from_the_next_step_on() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * 2
        z = x * 3
        y, z = z, y
        w = y + 5
    """
    assert [title.split(" makes")[0] for title in titles(source)] == ["y = x · 2", "z = x · 3", "w = y + 5"]
    assert formulas(source)[-1] == "w = y + 5 = 6 + 5 = 11"


def test_argument_of_a_hook_or_a_backward_has_its_name_at_its_first_use() -> None:
    source = """
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, t):
                return t * 2

            @staticmethod
            def backward(ctx, incoming):
                return incoming * 2

        x = torch.tensor(1.0, requires_grad=True)
        y = Twice.apply(x)
        y.register_hook(lambda grad: grad * 10)
        y.backward()
    """
    assert formulas(source, "untracked")[1:] == ["b = grad · 10 = 1 × 10 = 10", "c = incoming · 2 = 10 × 2 = 20"]


def test_weights_of_plain_objects_are_called_as_the_cell_reaches_them() -> None:
    source = """
        class Neuron:
            def __init__(self):
                self.w = torch.tensor(0.5, requires_grad=True)

            def __call__(self, x):
                return self.w * x

        class Net:
            def __init__(self):
                self.layers = [Neuron(), Neuron()]

            def __call__(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x

        net = Net()
        y = net(torch.tensor(3.0))
        y.backward()
    """
    assert titles(source, "leaf")[:2] == ["net.layers[0].w is made", "net.layers[1].w is made"]
    assert formulas(source) == ["x = net.layers[0].w · x = 0.5 × 3 = 1.5", "x = net.layers[1].w · x = 0.5 × 1.5 = 0.75"]


def test_all_results_of_an_operation_are_named() -> None:
    source = """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        a, b = x.unbind()
        most, place = torch.max(x * 2, dim=0)
        (a * b + most).backward()
    """
    assert titles(source, "view") == ["a and b are views of x"]
    assert formulas(source, "view") == ["a, b = unbind(x) = 1, 2"]
    assert titles(source)[1] == "most and place = max(c, 0) makes MaxBackward0"
    assert "MulBackward0 passes the gradient to both factors" in titles(source, "node")


def test_variable_of_a_function_that_is_over_does_not_share_the_name_of_the_cells() -> None:
    source = """
        def inner(x): return x * x
        def outer(x): return inner(x + 1)
        x = torch.tensor(2.0, requires_grad=True)
        y = outer(x)
        y.backward()
    """
    assert formulas(source, "node")[-1] == "∂y/∂x = ∂y/∂a · 1 = 6 × 1 = 6"


def test_first_parameter_of_an_object_in_an_object_is_called_as_the_others() -> None:
    source = """
        class Line:
            def __init__(self):
                self.w = torch.ones(1, requires_grad=True)
                self.b = torch.ones(1, requires_grad=True)

        class Net:
            def __init__(self):
                self.one = Line()
                self.two = Line()

        net = Net()
        y = net.one.w * net.two.w
    """
    assert [title.split(" is")[0] for title in titles(source, "leaf")] == [
        "net.one.w", "net.one.b", "net.two.w", "net.two.b",
    ]  # fmt: skip
