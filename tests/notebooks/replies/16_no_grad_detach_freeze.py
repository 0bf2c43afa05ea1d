"""Wrong answers to the exercises of notebook 16, each with a part of what is said about it."""

LOSSES = "[((model(e) - t) ** 2).mean() for e, t in batches]"


def loss(returned: str, before: str = "pass") -> str:
    """A mean_loss that returns this, and its check."""
    return f"def mine(model, batches):\n    {before}\n    return {returned}\ncheck('mean_loss', mine, judge_1)"


def freeze(returned: str, *before: str) -> str:
    """A prepare that returns this, and its check."""
    lines = "".join(f"    {line}\n" for line in before)
    return f"def mine(backbone, head):\n{lines}    return {returned}\ncheck('prepare', mine, judge_2)"


OFF = "backbone.requires_grad_(False)"

WRONG = [
    ("predict('f(x).detach()', 0, 8000, 'Does it know?')", "is 8000; you predicted 0. Does it know?"),
    (loss(f"sum({LOSSES}).item() / 3", "torch.set_grad_enabled(False)"), "nothing is recorded any more"),
    (loss(f"sum({LOSSES}).item() / 3", "model.requires_grad_(False)"), "could not be trained further"),
    (loss(f"sum({LOSSES}) / 3"), "It returns a tensor"),
    (loss(f"sum({LOSSES}).item()"), "the sum over the batches"),
    (loss("1.0"), "not the mean of the losses"),
    (loss(f"sum({LOSSES}).item() / 3"), "tensors are saved for a backward pass"),
    (loss(f"sum({LOSSES}).detach().item() / 3"), "tensors are saved for a backward pass"),
    (freeze("head", OFF), "What does list(module.parameters()) give?"),
    (freeze("list(head.parameters())"), "still requires grad"),
    (freeze("list(head.parameters())", "backbone.weight.requires_grad = False"), "still requires grad"),
    (freeze("list(head.parameters())", OFF, "head.requires_grad_(False)"), "does not require grad any more"),
    (freeze("[*backbone.parameters(), *head.parameters()]", OFF), "A parameter that is frozen is in the list"),
    (freeze("[head.weight]", OFF), "all of them and as they are"),
    (freeze("list(head.parameters())", OFF), "With what?"),
    ("check_3('a')", "Draw the graph without the block"),
    ("check_3('b')", "used after the block"),
]
