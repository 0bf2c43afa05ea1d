"""Wrong answers to the exercises of notebook 06, each with a part of what is said about it."""

WRONG = [
    ("check_1(3, 5, 2, 2)", "b: not yet"),
    ("check_1(3, 8, 10, 4)", "d: not yet"),
    (
        "def copies(batches):\n    return [g.clone() for g in gradients(batches)]\ncheck_2(copies)",
        "Not yet: for the",
    ),
    (
        "def zeroed(batches):\n    return [torch.zeros(1)] * 3\ncheck_2(zeroed)",
        "one and the same tensor three times",
    ),
    ("check_2(lambda batches: None)", "It is to return a list"),
    ("check_2(lambda b: [torch.tensor([n]) for n in (2.0, 10.0, 28.0)])", "but the batches still mix"),
    (
        "def every_batch_alike(size):\n    w.grad = None\n    for k in range(0, 8, size):\n"
        "        loss_of(X[k : k + size], t[k : k + size]).backward()\ncheck_3(every_batch_alike)",
        "size 2: 4.00 times the gradient wanted",
    ),
    (
        "def by_number(size):\n    w.grad = None\n    parts = range(0, 8, size)\n    for k in parts:\n"
        "        (loss_of(X[k : k + size], t[k : k + size]) / len(parts)).backward()\ncheck_3(by_number)",
        "size 3: not yet. Does every example count the same",
    ),
]
