"""Wrong answers to the exercises of notebook 11, each with a part of what is said about it."""

EXP = """
class Mine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        {forward}

    @staticmethod
    def backward(ctx, grad_output):
        {backward}


check("Exp", Mine.apply, judge_1)
"""
ROUND = EXP.replace('"Exp"', '"Round"').replace("judge_1", "judge_3")
SAVED = "(y,) = ctx.saved_tensors\n        return "


def written(exercise: str, forward: str, backward: str) -> str:
    """The class with these two bodies, and its check."""
    return exercise.format(forward=forward.replace("; ", "\n        "), backward=backward)


RESULT = "y = torch.exp(x); ctx.save_for_backward(y); return y"

WRONG = [
    ("predict('w.grad', 40, 8.0, 'How fast?')", "w.grad is 8; you predicted 40. How fast?"),
    (written(EXP, "return x + 1", "return grad_output"), "return the exponential of x"),
    (written(EXP, RESULT, SAVED + "y"), "What is grad_output for?"),
    (written(EXP, RESULT, SAVED + "grad_output + y"), "The gradient is wrong."),
    (
        written(EXP, "ctx.save_for_backward(x); return torch.exp(x)", SAVED + "grad_output * torch.exp(y)"),
        "the exponential is computed twice",
    ),
    (written(EXP, "ctx.y = torch.exp(x); return ctx.y", "return grad_output * ctx.y"), "not one tensor, saved by"),
    ("check_2('d')", "only for some numbers"),
    ("check_2('abcd')", "Not all of them are wrong."),
    ("check_2('bd')", "2 of the 4 are right"),
    (written(ROUND, "return x", "return grad_output"), "not those of round()"),
    ("check('Round', lambda x: x.round(), judge_3)", "no gradient comes through"),
    (written(ROUND, "return x.round()", "return torch.ones_like(grad_output)"), "what arrived here was 2 and 6"),
    ("check('Round', lambda x: x + (x.round() - x).detach(), judge_3)", "Round: right"),
    (
        "def other(x):\n    y = x.round().detach()\n    y.requires_grad_()\n    (x**2).sum().backward()\n    return y\n"
        "check('Round', other, judge_3)",
        "the gradient of x²",
    ),
    (written(ROUND, "return x.round()", "return 2 * grad_output"), "if forward had done nothing at all?"),
]
