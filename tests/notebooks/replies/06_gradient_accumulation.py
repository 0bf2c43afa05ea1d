"""Wrong answers to the exercises of notebook 06, each with a part of what is said about it."""

WRONG = [
    ("predict('w', 1, 4.0, 'As large?')", "w is 4; you predicted 1. As large?"),
    ("check_1(2, 8, 2, 2)", "a: not yet. How much does 3w change"),
    ("check_1(3, 5, 2, 2)", "b: not yet. That is what this line brings. What was"),
    ("check_1(3, 7, 2, 2)", "b: not yet. What was in w.grad"),
    ("check_1(3, 8, 10, 2)", "without the reset"),
    ("check_1(3, 8, 3, 2)", "c: not yet. What was in w.grad"),
    ("check_1(3, 8, 2, 1)", "along one of the two edges"),
    ("check_1(3, 8, 2, 4)", "Dropped is dropped"),
    ("check_1(3, 8, 2, 5)", "w is in it twice, and nothing"),
    (
        "check('gradients', lambda batches: [g.clone() for g in gradients(batches)], judge_2)",
        "It returns [-10.0, -10.0, -10.0]",
    ),
    (
        "check('gradients', lambda batches: [torch.zeros(1)] * 3, judge_2)",
        "one and the same tensor three times: zero_()",
    ),
    ("check('gradients', lambda batches: None, judge_2)", "It is to return a list"),
    (
        "check('gradients', lambda b: [torch.tensor([n]) for n in (-4.0, -2.0, -10.0)], judge_2)",
        "but the batches still mix",
    ),
    (
        "def every_batch_alike(size):\n    w.grad = None\n    for k in range(0, 8, size):\n"
        "        loss_of(X[k : k + size], t[k : k + size]).backward()\ncheck('accumulate', every_batch_alike, judge_3)",
        "With size 2, w.grad is 4.00 times the gradient wanted",
    ),
    (
        "def by_number(size):\n    w.grad = None\n    parts = range(0, 8, size)\n    for k in parts:\n"
        "        (loss_of(X[k : k + size], t[k : k + size]) / len(parts)).backward()\n"
        "check('accumulate', by_number, judge_3)",
        "Not with size 3. Does every example count the same",
    ),
    ("check_4('a')", "What does None say?"),
    ("check_4('c')", "What does relu do"),
]
