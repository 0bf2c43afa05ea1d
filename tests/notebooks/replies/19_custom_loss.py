"""Wrong answers to the exercises of notebook 19, each with a part of what is said about it."""

GENTLE = """
def answer(error):
    size = error.abs()
    safe = {safe}
    return torch.where(size <= 1, 0.5 * error**2, {far})
check("gentle", answer, judge_3)
"""
ROOT = "(2 * safe - 1).sqrt() - 0.5"

WRONG = [
    ("check_1([1, 8], [1, -2])", "loss at error 1: not yet. That is the square"),
    ("check_1([0.5, 6], [1, -2])", "loss at error −5: not yet. That is the article's formula"),
    ("check_1([0.5, 12.5], [1, -2])", "loss at error −5: not yet. That is the inner piece"),
    ("check_1([0.5, 10], [1, -2])", "the part that makes the pieces meet"),
    ("check_1([0.5, 8], [1, 2])", "gradient at error −5: not yet. Right in size"),
    ("check_1([0.5, 8], [1, -5])", "That is the gradient of the inner piece"),
    ("check_1([0.5, 8], [1, -1])", "That would be it for δ = 1"),
    ("check_1([0.5, 8], [0.5, -2])", "gradient at error 1: not yet. The gradient is the error, clipped"),
    ("check('stock_loss', lambda e: e.abs().mean(), judge_2)", "one loss for each error"),
    ("check('stock_loss', lambda e: torch.where(e > 0, 0.9 * e, -0.1 * e), judge_2)", "the other way round"),
    (
        "check('stock_loss', lambda e: torch.where(e < 0, 0.9 * e, 0.1 * e), judge_2)",
        "more of it would be better still",
    ),
    ("check('stock_loss', lambda e: e.abs(), judge_2)", "For errors of -2, -1 and 3 it is [2.0, 1.0, 3.0]"),
    (
        "check('stock_loss', lambda e: torch.where(e < 0, -0.9 * e, 0.1 * e).detach(), judge_2)",
        "no gradient comes back",
    ),
    (
        "check('stock_loss', lambda e: torch.where(e < 0, -0.9 * e, 0.1 * e).detach() + 0 * e, judge_2)",
        "the gradient is not: [0.0, 0.0, 0.0]",
    ),
    (GENTLE.format(safe="size", far=ROOT + " + 0"), "gentle: not answered yet"),
    (GENTLE.format(safe="(2 * size - 1).clamp(min=0)", far="safe.sqrt() - 0.5"), "Better, but one is left"),
    (GENTLE.format(safe="torch.where(size < 0.5, torch.ones_like(size), size)", far=ROOT), "Better, but one is left"),
    (GENTLE.format(safe="size.clamp(min=2)", far=ROOT + " + 0.1"), "A value has changed"),
    (GENTLE.format(safe="size.clamp(min=2)", far="((2 * safe - 1).sqrt() - 0.5).detach()"), "which one is wrong?"),
    (
        GENTLE.format(safe="size.clamp(min=2).detach()", far=ROOT).replace("error**2", "error.detach()**2"),
        "no gradient comes",
    ),
    ("check('gentle', lambda error: error.abs().sum(), judge_3)", "one loss for each error"),
    ("check_4('a')", "the value of the loss, or its gradient?"),
    ("check_4('c')", "or only the piece each error is on?"),
]
