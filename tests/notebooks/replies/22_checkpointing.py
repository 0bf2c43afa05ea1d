"""Wrong answers to the exercises of notebook 22, each with a part of what is said about it."""

WRONG = [
    ("predict('most', 4000, most, 'All 16 are run again.')", "is 192000; you predicted 4000. All 16 are run again."),
    ("check_1(80_000, 40_000)", "without: not yet. Each block saves two tensors"),
    ("check_1(40_000, 40_000)", "without: not yet. Almost"),
    ("check_1(120_000, 40_000)", "without: not yet. What does sin save here"),
    ("check_1(11, 10)", "without: not yet. That many tensors"),
    ("check_1(11, 10)", "with: not yet. That many tensors"),
    ("check_1(44_000, 4_000)", "with: not yet. Each block is a part of its own"),
    ("check_1(44_000, 80_000)", "with: not yet. What a checkpointed block holds"),
    ("check_1(44_000, 44_000)", "with: not yet. Is the result of the last block"),
    ("check('frugal', lambda x: None, judge_2)", "It is to return a tensor"),
    ("check('frugal', lambda x: segment(x, 4), judge_2)", "Forward runs 4 blocks, not 16"),
    ("check('frugal', lambda x: segment(x, 16).detach(), judge_2)", "does not require grad"),
    ("check('frugal', lambda x: segment(x, 16), judge_2)", "192,000 bytes are held: that is 48 tensors"),
    ("check('frugal', lambda x: chain(x, 16, 1), judge_2)", "64,000 bytes are held: that is 16 tensors"),
    ("check('frugal', lambda x: chain(x, 16, 16), judge_2)", "A part of 16 blocks"),
    ("check('frugal', lambda x: chain(x, 16, 8), judge_2)", "A part of 8 blocks"),
    (
        "def cut(x):\n    return chain(segment(x, 4).detach().requires_grad_(), 12, 4)\ncheck('frugal', cut, judge_2)",
        "No gradient reaches x",
    ),
    (
        "def other(x):\n    return chain(segment(x.detach(), 4) + 0 * x, 12, 4)\ncheck('frugal', other, judge_2)",
        "The gradient is not that of sixteen blocks",
    ),
    (
        "def nested(x):\n    def part(t):\n        return chain(t, 4, 2)\n    for _ in range(4):\n"
        "        x = checkpointed(part, x)\n    return x\ncheck('frugal', nested, judge_2)",
        "blocks run again; 16 are enough",
    ),
    ("check_3('a')", "fewer tensors"),
    ("check_3('c')", "By which statistics"),
]
