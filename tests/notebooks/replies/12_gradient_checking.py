"""Wrong answers to the exercises of notebook 12, each with a part of what is said about it."""

WRONG = [
    ("check_1(0.0004, 0.005)", "central: not yet. That would be order h."),
    ("check_1(0.0004, 0.005)", "forward: not yet. That would be order h²."),
    ("check_1(0.004, 0.5)", "central: not yet. The step is smaller"),
    ("check_1(0.004, 0.5)", "forward: not yet. The step is smaller"),
    (
        "check_2(lambda f, x, v, h: (f(x + h * v) - f(x - h * v)) / h)",
        "2 times as large as it should be: how far apart",
    ),
    ("check_2(lambda f, x, v, h: f(x + h * v) - f(x - h * v))", "and divided by the distance?"),
    ("check_2(lambda f, x, v, h: (f(x + h * v) - f(x)) / h)", "does it step to both sides?"),
    ("check_2(lambda f, x, v, h: 3 * x**2 * v)", "it returns 4 numbers"),
    ("check_2(lambda f, x, v, h: (f(x + h) - f(x - h)) / (2 * h))", "it should be 136.500; yours is 90.000"),
    ("check_2(lambda f, x, v: 0)", "Your code raises TypeError"),
    ("check_3('softplus')", "In float64 this one passes."),
    ("check_3('swish')", "In float64 this one passes."),
    ("check_3('sigmoid')", "The names are softplus, softsign and swish."),
    ("check_4('a')", "The chord across the kink has neither."),
    ("check_4('b')", "straddles the kink just the same"),
]
