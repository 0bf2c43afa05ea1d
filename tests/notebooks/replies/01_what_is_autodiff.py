"""Wrong answers to the exercises of notebook 01, each with a part of what is said about it."""

WRONG = [
    ("predict('h', 1e-13, 1e-5, 'Look.')", "h is 1e-05; you predicted 1e-13. Look."),
    ("check_1(1000, 100)", "looks to both sides"),
    ("check_1(..., 100)", "does it grow with the inputs?"),
    ("check('slope', lambda f, x: f(x), judge_2)", "the value of the function"),
    ("check('slope', lambda f, x: f(torch.tensor(x, requires_grad=True)).backward(), judge_2)", "It returns None"),
    ("check('slope', lambda f, x: torch.tensor(f(x)), judge_2)", "Python number is wanted"),
    ("check('slope', lambda f, x: numerically(f, x, 1e-5), judge_2)", "is there a step size in it?"),
    ("check('slope', lambda f, x: -1.0, judge_2)", "The number is another one"),
    ("check('slope', lambda f, x: x.grad, judge_2)", "Your code raises AttributeError"),
    ("check_3('bd')", "2 of the 4 are right"),
    ("check_3('abcd')", "Not all of them are wrong"),
    ("check_4('automatic')", "are these operations of torch?"),
    ("check_4('guess')", "The choices are 'hand', "),
]
