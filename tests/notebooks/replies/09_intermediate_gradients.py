"""Wrong answers to the exercises of notebook 09, each with a part of what is said about it."""

WATCH = "def watch(tensors, seen):\n    for name, t in tensors.items():\n        {}\ncheck('w', watch, judge_2)"

WRONG = [
    ("check_1(9, 7, 21)", "b.grad: not yet. That is the value of b."),
    ("check_1(0, 7, 21)", "How much does c grow when b grows by 1?"),
    ("check_1(1, 6, 18)", "a.grad: not yet. That came through b. Is that"),
    ("check_1(1, 6, 18)", "x.grad: not yet. That came through b. a is used"),
    ("check_1(1, 1, 7)", "a.grad: not yet. That came straight from c."),
    ("check_1(1, 1, 7)", "x.grad: not yet. That is a.grad."),
    ("check_1(1, 21, 7)", "one edge further"),
    (WATCH.format("seen.append(name)"), "before the walk has begun"),
    (
        WATCH.format(
            "t.register_hook(lambda g, name=name: (seen.append(name) if g.isnan().any() else None, g * 2)[1])",
        ),
        "What does your hook return?",
    ),
    (WATCH.format("t.register_hook(lambda g, name=name: seen.append(name))"), "Every tensor is listed."),
    (WATCH.format("pass"), "Nothing is listed."),
    (
        WATCH.format("t.register_hook(lambda g: seen.append(name) if g.isnan().any() else None)"),
        "all with one name",
    ),
    (
        WATCH.format("t.register_hook(lambda g, name=name: seen.append(name) if g[0] == 0 else None)"),
        "It lists ['root']",
    ),
    (WATCH.format("t.register_hook(lambda: seen.append(name))"), "TypeError"),
    ("check('l', lambda g: g.div_(g.norm()), judge_3)", "has changed, in place"),
    ("check('l', lambda g: None, judge_3)", "is no tensor"),
    ("check('l', lambda g: g.norm(), judge_3)", "Is that the norm alone?"),
    ("check('l', lambda g: g / g.norm() if g.norm() > 1 or g.norm() == 0 else g, judge_3)", "a division by 0"),
    ("check('l', lambda g: g / (g.norm() + 1e-9), judge_3)", "short enough has been changed"),
    ("check('l', lambda g: g.clamp(-1, 1), judge_3)", "limit the norm"),
    ("check('l', lambda g: g, judge_3)", "(3, 4) has the norm 5."),
    ("check_4('b')", "Was there anything to keep it?"),
    ("check_4('c')", "was there anything to clear?"),
]
