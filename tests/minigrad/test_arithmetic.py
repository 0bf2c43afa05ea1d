"""Operations of two operands: operators, functions, methods and in place agree with PyTorch's."""

from __future__ import annotations

import itertools
import math

import pytest

from tests.minigrad.oracle import agree, given, program

INF, NAN = math.inf, math.nan
OPERATORS = ["+", "-", "*", "/", "**", "//", "%"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
BITWISE = ["&", "|", "^", "<<", ">>"]
POSITIVE = given((2, 3), low=0.2, high=2)


@pytest.mark.parametrize("operator", [*OPERATORS, *COMPARISONS])
class TestOperators:
    def test_two_tensors(self, operator: str) -> None:
        agree(f"x {operator} y", x=POSITIVE, y=given((2, 3), low=0.2))
        agree(f"x {operator} y", x=POSITIVE, y=given((2, 3), low=0.2, grad=False))
        agree(f"x {operator} y", x=given((2, 3), low=0.2, grad=False), y=POSITIVE)

    def test_one_tensor_twice(self, operator: str) -> None:
        agree(f"x {operator} x", x=POSITIVE)

    def test_broadcasting(self, operator: str) -> None:
        agree(f"x {operator} y", x=given((2, 1), low=0.2), y=given((3,), low=0.2))
        agree(f"x {operator} y", x=given((), low=0.2), y=given((2, 2), low=0.2))
        agree(f"x {operator} y", x=(0, 3), y=(3,))
        agree(
            f"x {operator} y",
            x=given((2, 1, 2), low=0.2, layout="transposed"),
            y=given((3, 2), low=0.2, layout="step"),
            but="stride",
        )

    def test_shapes_that_do_not_broadcast(self, operator: str) -> None:
        agree(f"x {operator} y", x=(2, 3), y=(4,))
        agree(f"x {operator} y", x=(2, 3), y=(3, 2))

    @pytest.mark.parametrize("number", ["2", "2.5", "-3", "0", "0.5", "True", "1", "1.0", "-0.5"])
    def test_a_number_on_either_side(self, operator: str, number: str) -> None:
        agree(f"x {operator} {number}", x=POSITIVE)
        if (number, operator) != ("True", "**"):  # an internal error of PyTorch's
            agree(f"{number} {operator} x", x=POSITIVE)

    @pytest.mark.parametrize("number", ["2", "-2", "2.5", "True"])
    @pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
    def test_integers_with_a_number(self, operator: str, number: str, dtype: str) -> None:
        agree(f"x {operator} {number}", x=given((4,), dtype, 1, 5))
        agree(f"{number} {operator} x", x=given((4,), dtype, 1, 5))

    def test_special_numbers(self, operator: str) -> None:
        values = [-INF, -2.0, -1.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, INF, NAN]
        pairs = list(itertools.product(values, values))
        agree(f"x {operator} y", x=[a for a, _ in pairs], y=[b for _, b in pairs], but="double")

    def test_in_place(self, operator: str) -> None:
        augmented = operator + "=" if operator in OPERATORS else None
        if augmented:
            but = "grad_error" if operator == "//" else ""  # PyTorch says floor_divide_ there
            agree(f"z = x.clone(); z {augmented} y; z", x=POSITIVE, y=given((3,), low=0.2), but=but)
            agree(f"z = x.clone(); z {augmented} 2; z", x=POSITIVE, but=but)
            agree(f"z = x.clone(); z {augmented} z; z", x=POSITIVE, but=but)
            agree(f"z = y.clone(); z {augmented} x; z", x=POSITIVE, y=given((3,), low=0.2))
            agree(f"x {augmented} 2; x", x=POSITIVE)
            agree(f"x {augmented} 2.5; x", x=[1, 2, 3])
            agree(f"x {augmented} 2; x", x=[1, 2, 3])
            agree(f"x {augmented} 2; x", x=[True, False])

    @pytest.mark.parametrize("other", ["'a'", "[1.0]", "None", "(1, 2)", "{}"])
    def test_what_is_no_operand(self, operator: str, other: str) -> None:
        agree(f"x {operator} {other}", x=(2,))
        agree(f"{other} {operator} x", x=(2,))


DTYPES = ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("a", DTYPES)
@pytest.mark.parametrize("b", DTYPES)
@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "//", "%", "**", "<"])
def test_promotion(operator: str, a: str, b: str) -> None:
    if (operator, b) == ("**", "bool") and "float" in a:
        return  # PyTorch cannot differentiate this
    agree(f"x {operator} y", x=given((2,), a, 1, 4), y=given((2,), b, 1, 3), but="gradgraph")


@pytest.mark.parametrize("a", ["bool", "int64", "float32", "float64"])
@pytest.mark.parametrize("b", ["bool", "int64", "float32", "float64"])
@pytest.mark.parametrize("operator", ["+", "*", "/"])
def test_promotion_of_0d(operator: str, a: str, b: str) -> None:
    agree(f"x {operator} y", x=given((2,), a, 1, 4), y=given((), b, 1, 3), but="gradgraph")
    agree(f"x {operator} y", x=given((), a, 1, 4), y=given((), b, 1, 3), but="gradgraph")


@pytest.mark.parametrize(
    "number", ["0.1", "1e-5", "1e5", "torch.tensor(1e5)", "torch.tensor(0.1, dtype=torch.float64)"]
)
def test_float16_and_a_number_beyond_its_precision(number: str) -> None:
    agree(f"x / {number}", x=given((5,), "float16", 1, 4), but="gradgraph")
    if "tensor" not in number:
        agree(f"{number} / x", x=given((5,), "float16", 1, 4), but="gradgraph")
    if "e5" not in number:
        agree(f"x * {number}", x=given((5,), "float16", 1, 4), but="gradgraph")
        agree(f"{number} * x", x=given((5,), "float16", 1, 4), but="gradgraph")


IN_PLACE = ["add", "sub", "mul", "div", "pow", "floor_divide", "remainder", "fmod", "atan2", "arctan2", "true_divide"]
IN_PLACE += ["subtract", "multiply", "divide"]
FUNCTIONS = [*IN_PLACE, "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge", "greater", "greater_equal", "less"]
FUNCTIONS += ["less_equal", "not_equal", "max", "min"]
NUMBER_FIRST = ["add", "sub", "mul", "div", "true_divide", "floor_divide", "remainder", "pow", "subtract", "multiply"]


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "minimum", "atan2"])
@pytest.mark.parametrize("other", ["'a'", "[1.0]", "None"])
def test_an_operand_that_is_no_tensor(name: str, other: str) -> None:
    agree(f"torch.{name}(x, {other})", x=(2,))


@pytest.mark.parametrize("name", FUNCTIONS)
class TestFunctions:
    def test_two_tensors(self, name: str) -> None:
        agree(f"torch.{name}(x, y)", x=POSITIVE, y=given((3,), low=0.2))
        second = "exponent" if name == "pow" else "other"
        agree(f"torch.{name}(input=x, {second}=y)", x=POSITIVE, y=given((2, 1), low=0.2))

    def test_a_number(self, name: str) -> None:
        if name not in ("max", "min", "arctan2"):
            agree(f"torch.{name}(x, 2)", x=POSITIVE)
            agree(f"torch.{name}(x, 0.5)", x=POSITIVE)
        if name in NUMBER_FIRST:
            agree(f"torch.{name}(2, x)", x=POSITIVE)

    def test_integers(self, name: str) -> None:
        agree(f"torch.{name}(x, y)", x=given((4,), "int64", -5, 6), y=given((4,), "int64", 1, 4))
        agree(f"torch.{name}(x, y)", x=given((4,), "bool"), y=given((4,), "bool"))
        agree(f"torch.{name}(x, y)", x=given((4,), "float32"), y=given((4,), "int64", 1, 4))

    def test_ties_and_special_numbers(self, name: str) -> None:
        values = [-INF, -1.0, -0.0, 0.0, 1.0, 2.0, INF, NAN]
        pairs = list(itertools.product(values, values))
        agree(f"torch.{name}(x, y)", x=[a for a, _ in pairs], y=[b for _, b in pairs], but="double")

    def test_shapes_that_do_not_broadcast(self, name: str) -> None:
        agree(f"torch.{name}(x, y)", x=(2, 3), y=(4,))

    def test_method(self, name: str) -> None:
        agree(f"x.{name}(y)", x=POSITIVE, y=given((3,), low=0.2))

    def test_method_in_place(self, name: str) -> None:
        if name in IN_PLACE:
            but = "grad_error" if name == "floor_divide" else ""  # PyTorch says floor_divide_ there
            agree(f"z = x.clone(); z.{name}_(y); z", x=POSITIVE, y=given((3,), low=0.2), but=but)


@pytest.mark.parametrize(
    "code",
    [
        "torch.add(x, y, alpha=2)",
        "x.add(y, alpha=0.5)",
        "x.sub(y, alpha=2)",
        "torch.sub(x, y, alpha=-1)",
        "torch.add(x, 1, alpha=3)",
        "torch.sub(x, 1, alpha=3)",
        "z = x.clone(); z.add_(y, alpha=2); z",
        "z = x.clone(); z.sub_(y, alpha=2); z",
        "z = x.clone(); z.add_(1, alpha=2); z",
        "torch.add(x.long(), y.long(), alpha=2)",
        "torch.add(x.long(), y.long(), alpha=True)",
        "torch.add(x.long(), y.long(), alpha=1.0)",
        "torch.add(x.byte(), 1, alpha=-3)",
        "torch.sub(x.byte(), 1, alpha=300)",
        "torch.add(x.long(), y.long(), alpha=0.5)",
        "torch.add(x > 0, y > 0, alpha=True)",
        "torch.add(x > 0, y > 0, alpha=2)",
        "torch.sub(x.long(), y.long(), alpha=2)",
        "torch.sub(x.long(), 1, alpha=0.5)",
        "torch.add(x, y, alpha='a')",
    ],
)
def test_alpha(code: str) -> None:
    agree(code, x=(2, 3), y=(3,))


@pytest.mark.parametrize("mode", ["'floor'", "'trunc'", "None"])
@pytest.mark.parametrize("name", ["torch.div", "torch.Tensor.div", "torch.divide"])
def test_rounding_mode(name: str, mode: str) -> None:
    but = "graph saved" if mode == "None" else ""  # PyTorch tells an explicit None (DivBackward2) from none given
    agree(f"{name}(x, y, rounding_mode={mode})", x=(2, 3), y=(3,), but=but)
    agree(f"{name}(x, 0.7, rounding_mode={mode})", x=(2, 3), but=but)
    agree(f"{name}(x, y, rounding_mode={mode})", x=[7, -7, 8, -8], y=[2, 2, -3, -3])
    agree(f"{name}(x, 2, rounding_mode={mode})", x=[7, -7, 8, -8])
    agree(f"{name}(x, 2.5, rounding_mode={mode})", x=[7, -7, 8, -8])
    agree(f"z = x.clone(); z.div_(y, rounding_mode={mode}); z", x=(2, 3), y=(3,), but=but)


def test_rounding_mode_refuses() -> None:
    agree("torch.div(x, 2, rounding_mode='up')", x=(2,))
    agree("torch.div(x, 0, rounding_mode='floor')", x=[1, 2])
    agree("x // 0", x=[1, 2])
    agree("x % 0", x=[1, 2])
    agree("x.fmod(0)", x=[1, 2])
    agree("x // 0", x=[1.0, -2.0])


@pytest.mark.parametrize("operator", ["//", "%"])
@pytest.mark.parametrize("divisor", ["3", "-3", "2.5", "-2.5"])
def test_division_towards_minus_infinity(operator: str, divisor: str) -> None:
    agree(f"x {operator} {divisor}", x=[7.0, -7.0, 6.0, -6.0, 0.0, -0.0, INF, -INF, NAN])
    agree(f"x {operator} {divisor}", x=[7, -7, 6, -6, 0])


# Powers


@pytest.mark.parametrize(
    "exponent", ["0", "1", "2", "3", "-1", "-2", "0.5", "-0.5", "1.5", "2.0", "0.0", "10", "nan", "inf"]
)
def test_power_of_a_tensor(exponent: str) -> None:
    agree(f"x ** {exponent}", x=(2, 3))
    agree(f"x.pow({exponent})", x=[-2.0, -1.0, -0.0, 0.0, 0.5, 2.0, INF, -INF, NAN])
    agree(f"torch.pow(x, {exponent})", x=[0, 1, 2, 3])
    agree(f"x ** {exponent}", x=given((), "float64", 0.5, 2))


@pytest.mark.parametrize("base", ["2", "2.5", "1", "0", "-2", "0.5", "1.0"])
def test_power_of_a_number(base: str) -> None:
    agree(f"{base} ** x", x=(2, 3))
    agree(f"torch.pow({base}, x)", x=[-2.0, -1.0, 0.0, 0.5, 2.0, INF, -INF, NAN])
    agree(f"{base} ** x", x=[0, 1, 2, 3])


def test_power_refuses() -> None:
    agree("x ** -1", x=[1, 2, 3])
    agree("2 ** x", x=[1, -1])
    agree("x ** y", x=[1, 2, 3], y=[1, -2, 0])
    agree("x ** 2.5", x=[1, 2])
    agree("x **= 0.5; x", x=[1, 2])


@pytest.mark.parametrize("code", ["torch.square(x)", "x.square()"])
def test_other_powers(code: str) -> None:
    agree(code, x=POSITIVE, y=given((3,), low=0.2))
    agree(code, x=[1, 2, 3], y=[1, 2, 3])


# Logic and bits


@pytest.mark.parametrize("operator", BITWISE)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_bits(operator: str, dtype: str) -> None:
    agree(f"x {operator} y", x=given((4,), dtype, 0, 8), y=given((4,), dtype, 0, 4))
    agree(f"x {operator} 1", x=given((4,), dtype, 0, 8))
    agree(f"3 {operator} x", x=given((4,), dtype, 0, 8))
    agree(f"3 {operator} x", x=given((), dtype, 0, 8))
    agree(f"x {operator} True", x=given((4,), dtype, 0, 8))
    agree(f"x {operator} 1.5", x=given((4,), dtype, 0, 8))
    agree(f"z = x.clone(); z {operator}= y; z", x=given((4,), dtype, 0, 8, grad=False), y=given((4,), dtype, 0, 4))
    agree(f"~x, x {operator} 'a'", x=given((4,), dtype, 0, 8))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_not(dtype: str) -> None:
    agree("~x", x=given((4,), dtype, 0, 8))
    agree("torch.bitwise_not(x)", x=given((4,), dtype, 0, 8))


@pytest.mark.parametrize(
    "name", ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"]
)
def test_bits_by_name(name: str) -> None:
    agree(f"torch.{name}(x, y)", x=[1, 2, 7], y=[3, 1, 2])
    agree(f"x.{name}(1)", x=[1, 2, 7])
    agree(f"z = x.clone(); z.{name}_(y); z", x=[1, 2, 7], y=[3, 1, 2])


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_logic(name: str, dtype: str) -> None:
    agree(f"torch.{name}(x, y)", x=given([0, 1, 2, 0], dtype), y=given([0, 0, 3, 1], dtype))
    agree(f"x.{name}(y)", x=given([0, 1, 2, 0], dtype), y=given([0, 0, 3, 1], "float64"))
    agree(f"x.{name}_(y)", x=given([0, 1, 2, 0], dtype, grad=False), y=given([0, 0, 3, 1], "float64"))
    agree(f"torch.{name}(x, 1)", x=given([0, 1, 2, 0], dtype))


# Three operands


@pytest.mark.parametrize(
    "code",
    [
        "torch.lerp(x, y, 0.3)",
        "x.lerp(y, 1)",
        "x.lerp(y, y)",
        "torch.lerp(x, y, torch.tensor(0.8))",
        "z = x.clone(); z.lerp_(y, 0.25); z",
        "z = x.clone(); z.lerp_(y, y); z",
        "x.lerp(y.double(), 0.5)",
        "torch.addcmul(x, x, y)",
        "x.addcmul(y, y, value=0.5)",
        "torch.addcmul(x, y, x, value=2)",
        "z = x.clone(); z.addcmul_(x, y, value=-0.1); z",
        "x.long().addcmul(x.long(), y.long(), value=2)",
        "torch.addcdiv(x, x, y)",
        "x.addcdiv(y, y, value=0.5)",
        "torch.addcdiv(x, y, x, value=2)",
        "z = x.clone(); z.addcdiv_(x, y, value=-0.1); z",
        "x.addcdiv(torch.ones(4), y)",
        "x.addcdiv(y.long(), y.long())",
    ],
)
def test_three_operands(code: str) -> None:
    agree(code, x=POSITIVE, y=given((3,), low=0.2))


# Comparing whole tensors


@pytest.mark.parametrize(
    "code",
    [
        "torch.isclose(x, y)",
        "x.isclose(y, rtol=0.1)",
        "torch.isclose(x, y, atol=1, equal_nan=True)",
        "torch.allclose(x, y)",
        "x.allclose(y, rtol=0.5, atol=2)",
        "torch.allclose(x, x)",
        "torch.allclose(x, x, equal_nan=True)",
        "torch.equal(x, y)",
        "x.equal(x)",
        "torch.equal(x, x.double())",
        "torch.equal(x, x[:2])",
        "torch.isclose(x, y.double())",
        "torch.allclose(x, y.double())",
        "torch.isclose(x, 1.0)",
        "torch.isclose(x, y, rtol=-1)",
        "torch.equal(x, 1)",
        "torch.allclose(x, 'a')",
        "torch.isclose(x.long(), y.long())",
        "torch.isclose(x > 0, y > 1)",
        "torch.isclose(x.byte(), y.byte(), atol=1)",
    ],
)
def test_comparing_whole_tensors(code: str) -> None:  # "version": PyTorch composes isclose of in-place changes
    agree(code, x=[1.0, NAN, INF, -INF, 2.0], y=[1.0, NAN, INF, INF, 2.00001], but="version")
    agree(code, x=given([1, 2, 3], "float32"), y=given([1, 2, 3], "float32"), but="version")


def test_a_program_of_operators() -> None:
    program("""
        x = torch.tensor([1., 2.], requires_grad=True)
        y = torch.tensor([3., 4.], requires_grad=True)
        z = (x + y) * (y - 2)
        w = z / 2 + 3 * x - 1 / y
        w.backward(torch.tensor([1., 10.]))
        print(w, x.grad, y.grad)
        print(x > 1, -x, 2 ** x, x ** 3, x // 2, x % 2)
        print(torch.tensor([True, False]) & torch.tensor([True, True]))
        print(torch.tensor([1, 2]) + 0.5, torch.tensor(1) + torch.tensor(2.5))
    """)


def test_logaddexp() -> None:
    agree("torch.logaddexp(x, y)", x=(2, 3), y=[0.5, 100.0, -800.0], but="gradgraph")
    agree("torch.logaddexp(x, x)", x=[1, 2])


def test_where_there_is_nothing_to_divide_zero_may_divide() -> None:
    agree("x % torch.tensor(0), x // torch.tensor([0])", x=given((0,), "int64"))
