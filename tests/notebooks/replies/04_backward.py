"""Wrong answers to the exercises of notebook 04, each with a part of what is said about it."""

WRONG = [
    ("check_1(1, 1, 2)", "to v: not yet. 1 arrives at z"),
    ("check_1(9, 3, 6)", "to v: not yet. That is the value of z."),
    ("check_1(3, 3, 6)", "to x: not yet. And times 2?"),
    ("check_1(-6, 6, 12)", "to v: not yet. The size is right, but not the direction"),
    ("check_2([1, 1, 1, 1])", "That is the sum"),
    ("check_2(0.25)", "What is wanted is a group of 4; yours is a number."),
    ("check_3([12, 16], [60, 80])", "at (6, 8): not yet. That is the gradient of the square"),
    ("check_3([12, 16], [60, 80])", "at (60, 80): not yet. That is the vector itself"),
    ("check_3([4.24, 5.66], [6, 8])", "at (6, 8): not yet. That is the mistake of the article"),
    ("check_3([0.6, 0.8], [6, 8])", "Does its length grow faster"),
    ("check_3([0.6, 0.6], ...)", "1 of the 2 are right"),
    ("check_4('b')", "0 is a gradient like any other"),
    ("check_4('C')", "made from x[1]?"),
]
