"""Wrong answers to the exercises of notebook 03, each with a part of what is said about it."""

WRONG = [
    ("predict('x.requires_grad', True, False, 'Never back.')", "is False; you predicted True. Never back."),
    ("check_1({'w > 1': True})", "What kind of numbers"),
    ("check_1({'data * w': False})", "what do they ask?"),
    ("check_1({'data * w': 'yes'})", "What is wanted is True or False"),
    ("check_2(lambda w, x: (w * x - 1) ** 2)", "That is the loss"),
    ("check_2(lambda w, x: None)", "is no tensor"),
    ("check_2(lambda w, x: 6 * w.detach())", "the gradient is another one"),
    (
        "def other(w, x):\n    x.requires_grad_()\n    ((w.detach() * x - 1) ** 2).backward()\n    return x.grad\n"
        "check_2(other)",
        "x is data",
    ),
    ("check('h', lambda x: x**2, judge_3)", "both factors are connected"),
    ("check('h', lambda x: (x**2).detach(), judge_3)", "every way to x is cut"),
    ("check('h', lambda x: 2 * x, judge_3)", "The value is not x"),
    ("check('h', lambda x: x.detach() ** 2 + 0 * x, judge_3)", "neither x nor 2x"),
    ("check_4('a')", "Has one?"),
]
