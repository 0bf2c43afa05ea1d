"""Wrong answers to the exercises of notebook 02, each with a part of what is said about it."""

WRONG = [
    ("check_1({'w': False, 'data': None})", "w         look again"),
    ("check_1({'w[0]': True})", "w[0]      look again"),
    ("check_2(lambda x, y: 3.0)", "The result has no grad_fn"),
    ("check_2(lambda x, y: x * y)", "The last operation is to be a subtraction. Yours is Mul(x, y)"),
    ("check_2(lambda x, y: x * y - x**2)", "what it works on is not yet. Yours is Sub(Mul(x, y), Pow(x))"),
    ("check_2(lambda x, y: x * y - 2)", "Yours is Sub(Mul(x, y), constant)"),
    ("check_3(4, 81)", "nodes: off by one"),
    ("check_3(200, 243)", "nodes: not yet"),
    ("check_3(5, 15)", "gradient: not yet"),
]
