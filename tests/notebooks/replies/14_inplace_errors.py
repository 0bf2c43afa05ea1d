"""Wrong answers to the exercises of notebook 14, each with a part of what is said about it."""

WRONG = [
    ("predict('operations that break', 9, 5, 'For each.')", "is 5; you predicted 9. For each."),
    ("check_1({'y = x.sqrt(); y *= 2': False})", "What does the node save, its input or its result"),
    ("check_1({'y = x * 3; y += 1': True})", "What does the derivative of 3x need"),
    ("check('scaled', lambda x: x.sigmoid().sum(), judge_2)", "the value is"),
    ("check('scaled', lambda x: (x.sigmoid() * 10 - 5).sum().detach(), judge_2)", "the history was cut off"),
    ("check('scaled', lambda x: (x.sigmoid().detach() * 10 - 5 + 0 * x).sum(), judge_2)", "the gradient is not"),
    ("check('scaled', lambda x: x.sigmoid() * 10 - 5, judge_2)", "Your code raises RuntimeError: grad can be"),
    ("check_3(5, 5)", "after it was saved: not yet. That is the version it has now"),
    ("check_3(2, 5)", "after it was saved: not yet. That is the version at which it was saved"),
    ("check_3(4, 5)", "after it was saved: not yet. At which version does a tensor start"),
    ("check_3(3, 6)", "in all: not yet. A new tensor starts at 0"),
    ("check_3(3, 4)", "in all: not yet. At which version"),
]
