"""Wrong answers to the exercises of notebook 00, each with a part of what is said about it."""

WRONG = [
    ("predict('loss', 2, 4.0, 'Squared.')", "loss is 4; you predicted 2. Squared."),
    ("check_1_and_2(8, 8)", "1: not yet. In step 8 this happens: SumBackward0"),
    ("check_1_and_2(99, 12)", "1: not yet. The stepper has steps 1 to 13"),
    ("check_1_and_2(12, 8)", "2: not yet. It stands at the bottom right"),
    ("check('loss_of', lambda w: 2 * w - 10, judge_3)", "the loss is its square"),
    ("check('loss_of', lambda w: (2 * w.item() - 10) ** 2, judge_3)", "No gradient can come back"),
    ("check('loss_of', lambda w: (3 * w - 10) ** 2, judge_3)", "For w = 3.0 it returns 1.0"),
]
