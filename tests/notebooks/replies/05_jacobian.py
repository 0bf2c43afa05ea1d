"""Wrong answers to the exercises of notebook 05, each with a part of what is said about it."""

TABLE = "def table(f, x):\n    y = f(x)\n    rows = []\n    for v in torch.eye(3):\n        {}\n    {}\ncheck_3(table)"

WRONG = [
    ("check_1([[2, 1], [3, -4]])", "they stand in columns"),
    ("check_1([[2, 3], [1, 4]])", "What does a minus do"),
    ("check_1([[2, 3], [1, -2]])", "the derivative of a square at 2"),
    ("check_1([6, -1])", "These are the two results."),
    ("check_1([[3, 2], [1, -4]])", "First row: how does y1 change"),
    ("check_1([[2, 3], [1, ...]])", "J: not answered yet"),
    ("check_2([7, 5])", "That is v = (1, 1, 1)."),
    ("check_2([7, 8])", "its row is taken away"),
    ("check_2([4, 0])", "That is the first row alone."),
    ("check_2([1, 5])", "what is their sum?"),
    (TABLE.format("y.backward(v)", "return rows"), "not answered yet. The second backward misses"),
    ("def table(f, x):\n    return [[4, 0], [3, 2], [0, 3]]\ncheck_3(table)", "It is to return a tensor"),
    (
        "def table(f, x):\n    f(x).sum().backward()\n    return x.grad\ncheck_3(table)",
        "Its shape is (2,); three results",
    ),
    (
        TABLE.format(
            "y.backward(v, retain_graph=True); rows.append(x.grad.clone())",
            "return torch.stack(rows)",
        ),
        "they add up in x.grad",
    ),
    (
        TABLE.format("y.backward(v, retain_graph=True); rows.append(x.grad)", "return torch.stack(rows)"),
        "x.grad is one tensor: all three places",
    ),
    (
        TABLE.format(
            "x.grad is None or x.grad.zero_(); y.backward(v, retain_graph=True); rows.append(x.grad)",
            "return torch.stack(rows)",
        ),
        "Which x.grad = ... makes a new one?",
    ),
    ("check_3(lambda f, x: torch.ones(3, 2))", "These are not the rows"),
    ("check_4('a')", "How many rows are there?"),
    ("check_4('c')", "Does a walk back fill a column?"),
    ("check_4('D')", "more than one number"),
]
