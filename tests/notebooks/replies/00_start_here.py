"""Wrong answers to the exercises of notebook 00, each with a part of what is said about it."""

WRONG = [
    ("check(8, 8)", "1: not yet. In step 8 this happens: SumBackward0"),
    ("check(99, 12)", "1: the stepper has steps 1 to 13"),
    ("check(12, 8)", "2: not yet. It stands at the bottom right"),
]
