"""Wrong answers to the exercises of notebook 02, each with a part of what is said about it."""

WRONG = [
    ("predict('edges of b', 1, 2, 'One for each input.')", "edges of b is 2; you predicted 1. One for each input."),
    ("check_1({'w': False})", "does a tensor that requires grad take part in it?"),
    ("check_1({'data': False})", "did an operation make it?"),
    ("check_1({'data + 1': False})", "Does anything in it require grad?"),
    ("check_1({'w[0]': True})", "Reading an element is an operation too"),
    ("check_1({'w[0]': None})", "w[0]: not yet. Look again"),
    ("check('g', lambda x, y: 3.0, judge_2)", "The result has no grad_fn"),
    (
        "check('g', lambda x, y: x * y, judge_2)",
        "The last operation is to be a subtraction. Yours is Mul(x, y)",
    ),
    (
        "check('g', lambda x, y: x * y - x**2, judge_2)",
        "what it works on is not yet. Yours is Sub(Mul(x, y), Pow(x))",
    ),
    ("check('g', lambda x, y: x * y - 2, judge_2)", "Yours is Sub(Mul(x, y), constant)"),
    ("check_3(4, 81)", "nodes: not yet. Off by one"),
    ("check_3(6, 3)", "nodes: not yet. Off by one"),
    ("check_3(200, 243)", "Write down the value of h"),
    ("check_3(5, 3)", "That is what one round brings"),
    ("check_3(5, 15)", "gradients are not added up"),
    ("check_3(5, 200)", "Each node multiplies"),
]
