"""Wrong answers to the exercises of notebook 14, each with a part of what is said about it."""

WRONG = [
    ("check_1({'y = x.sqrt(); y *= 2': False})", "look again"),
    ("check_1({'y = x * 3; y += 1': True})", "look again"),
    ("check_2(lambda x: x.sigmoid().sum())", "the value is"),
    ("check_2(lambda x: (x.sigmoid() * 10 - 5).sum().detach())", "Another error now: element 0 of tensors"),
    ("check_2(lambda x: (x.sigmoid().detach() * 10 - 5 + 0 * x).sum())", "the gradient is not"),
    ("check_3(2, 5)", "after it was saved: not yet"),
    ("check_3(3, 4)", "in all: not yet"),
]
