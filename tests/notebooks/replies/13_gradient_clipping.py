"""Wrong answers to the exercises of notebook 13, each with a part of what is said about it."""

EACH = """
def each(gradients, m):
    for g in gradients:
        g.mul_(min(1, m / g.norm()))
    return 5.0

check_2(each)"""
LONGER = """
def longer(gradients, m):
    norm = torch.cat(gradients).norm()
    for g in gradients:
        g.mul_(m / norm)
    return norm

check_2(longer)"""
COPY = """
def copy(gradients, m):
    norm = torch.cat(gradients).norm()
    gradients = [g * m / norm for g in gradients]
    return norm

check_2(copy)"""
LARGEST = """
def largest(gradients, m):
    for g in gradients:
        g.mul_(m / g.max())
    return 5.0

check_2(largest)"""
AFTER = """
def after(gradients, m):
    norm = torch.cat(gradients).norm()
    for g in gradients:
        g.mul_(min(1, m / norm))
    return torch.cat(gradients).norm()

check_2(after)"""

WRONG = [
    ("check_1([5, 5], [7, 7], 5)", "by norm: not yet. That is each number on its own"),
    ("check_1([5, 5], [7, 7], 5)", "by value: not yet. Clipping lowers what is too large"),
    ("check_1([5, 5], [7, 7], 5)", "returned: not yet. That is the norm afterwards"),
    ("check_1([6, 8], [6, 8], [3, 4])", "by norm: not yet. The norm of (6, 8) is above"),
    ("check_1([6, 8], [6, 8], [3, 4])", "by value: not yet. One of the two is too large"),
    ("check_1([6, 8], [6, 8], [3, 4])", "returned: not yet. What is wanted is a number; yours is a group of 2"),
    ("check_1([0.6, 0.8], [4.2, 5.6], ...)", "by norm: not yet. The direction is right"),
    ("check_1([0.6, 0.8], [4.2, 5.6], ...)", "by value: not yet. That is by norm"),
    (COPY, "they are unchanged"),
    (LONGER, "these were made longer"),
    (EACH, "each was clipped on its own"),
    (LARGEST, "yours are [0.75, 1.0] afterwards"),
    (AFTER, "Which norm is wanted, before or after?"),
    ("check_2(lambda gradients: 1)", "Your code raises TypeError"),
    ("check_3(['zero_grad', 'forward', 'clip', 'backward', 'step'])", "is there anything in .grad?"),
    ("check_3(['zero_grad', 'clip', 'forward', 'backward', 'step'])", "is there anything in .grad?"),
    ("check_3(['zero_grad', 'forward', 'backward', 'step', 'clip'])", "Which gradient did the optimizer see?"),
    ("check_3(['zero_grad', 'backward', 'forward', 'clip', 'step'])", "What does backward start from?"),
    ("check_3(['zero_grad', 'step', 'forward', 'backward', 'clip'])", "Ask of each part what it needs"),
    ("check_4('a')", "early batches count for less"),
    ("check_4('c')", "is that as long as (6, 8) clipped to 1?"),
]
