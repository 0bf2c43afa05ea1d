"""Wrong answers to the exercises of notebook 07, each with a part of what is said about it."""

WRONG = [
    ("predict('it fails', True, False, 'Which number?')", "it fails is False; you predicted True. Which number?"),
    ("check_1({'x + y': True, 'x * y': False})", "x + y: not yet. Write down its derivative"),
    ("check_1({'x.tanh()': False})", "x.tanh(): not yet. Write down its derivative"),
    ("check_1({'x.sum()': True})", "only on how many there are"),
    ("def detached(x):\n    x.detach()\ncheck_2(detached)", "no backward has reached x"),
    ("def half(x):\n    ((x.exp() - 1) ** 2).sum().backward()\ncheck_2(half)", "not the gradient of both"),
    (
        "def kept(x):\n    s = x.exp() - 1\n    (s**2).sum().backward(retain_graph=True)\n"
        "    (s**3).sum().backward()\ncheck_2(kept)",
        "retain_graph keeps the saved tensors",
    ),
    (
        "def twice(x):\n    ((x.exp() - 1) ** 2).sum().backward()\n    ((x.exp() - 1) ** 3).sum().backward()\n"
        "check_2(twice)",
        "exp runs twice",
    ),
    (
        "def vector(x):\n    x.exp().backward()\ncheck_2(vector)",
        "Your code raises RuntimeError: grad can be implicitly",
    ),
    ("check_3(30)", "That is what one backward brings"),
    ("check_3(90)", "The last backward has no retain_graph, but does it run?"),
    ("check_3(7)", "First: what does one backward bring?"),
    ("check_4('a')", "who lets the saved tensors go"),
    ("check_4('c')", "still be asked for its edges?"),
]
