"""Wrong answers to the exercises of notebook 15, each with a part of what is said about it."""

FIT = """
def answer(x, t):
    w = {start}
    for _ in range(3):
        prediction = {prediction}
        loss = {loss}
        loss.backward()
        {update}
        {reset}
    return {result}
check_2(answer)
"""
RIGHT = {
    "start": "(torch.ones(2) / 2).requires_grad_()",
    "prediction": "x @ w",
    "loss": "((prediction - t) ** 2).mean()",
    "update": "w.data -= 0.1 * w.grad",
    "reset": "w.grad = None",
    "result": "w",
}

EVALUATE = """
def answer(w, batches):
    losses = []
    for batch in batches:
        losses.append({kept})
    {after}
    return {result}
check("evaluate", answer, judge_3)
"""

WRONG = [
    ("predict('losses', 0, five_rounds(lambda loss: loss), 'A graph?')", "losses is 5; you predicted 0. A graph?"),
    ("check_1({'(w * 2).backward()': 'runs'})", "How many numbers are w * 2?"),
    ("check_1({'(w * 2).mean().backward()': 'raises'})", "does it lead back to w?"),
    ("check_1({'(w.detach() * 2).sum().backward()': 'none'})", "Does anything in it require grad?"),
    ("check_1({'v = w.detach().requires_grad_(); (v * 2).sum().backward()': 'runs'})", "Is v w?"),
    ("check_1({'(w.detach() * w).sum().backward()': 'raises'})", "and the other?"),
    ("check_1({'(w * 2).backward(torch.tensor([0.0, 0.0]))': 'none'})", "Is a gradient of 0 no gradient?"),
    (FIT.format(**RIGHT | {"prediction": "torch.tensor((x @ w).tolist())"}), "lost its way back to w"),
    (FIT.format(**RIGHT | {"loss": "(prediction - t) ** 2"}), "backward() wants one number"),
    (FIT.format(**RIGHT | {"update": "w -= 0.1 * w.grad"}), "only while nothing is recorded"),
    (FIT.format(**RIGHT | {"start": "torch.ones(2, requires_grad=True) / 2"}), "Is w a leaf?"),
    (FIT.format(**RIGHT | {"result": "w.tolist()"}), "It is to return w, two numbers"),
    (FIT.format(**RIGHT | {"update": "pass"}), "w is where it began"),
    (FIT.format(**RIGHT | {"reset": "pass"}), "not where three steps lead"),
    (FIT.format(**RIGHT | {"update": "w = w - 0.1 * w.grad; w.retain_grad()"}), "w is a result"),
    (EVALUATE.format(kept="(w * batch).sum().detach()", after="", result="sum(losses) / 4"), "return a Python number"),
    (EVALUATE.format(kept="(w * batch).sum().item()", after="", result="sum(losses)"), "The number is another one"),
    (EVALUATE.format(kept="(w * batch).sum()", after="", result="sum(losses).item() / 4"), "up to 4 batches are alive"),
    (
        EVALUATE.format(kept="(w * batch).sum().item()", after="w.requires_grad_(False)", result="sum(losses) / 4"),
        "w no longer requires grad",
    ),
    ("check_4('a')", "What would is_leaf say"),
    ("check_4('c')", "What did round() leave"),
]
