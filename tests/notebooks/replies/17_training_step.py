"""Wrong answers to the exercises of notebook 17, each with a part of what is said about it."""

SGD_STEP = """
def answer(params, lr):
    with torch.no_grad():
        for param in params:
            {guard}
                {update}
check("sgd_step", answer, judge_1)
"""
HAS = "if param.grad is not None:"

TRAIN = """
def answer(w, x, t, rounds):
    optimizer = torch.optim.SGD([w], lr={lr})
    for _ in range(rounds):
        {first}
        loss = ((w * x - t) ** 2).mean()
        loss.backward()
        {last}
    return {result}
check("train", answer, judge_2)
"""

WRONG = [
    ("predict('slow', 0.2, round(slow.item(), 4), 'Against.')", "slow is -0.2; you predicted 0.2. Against."),
    (SGD_STEP.format(guard="if True:", update="param -= lr * param.grad"), "stay as it is"),
    ("check('sgd_step', lambda params, lr: params[0].sub_(lr * params[0].grad), judge_1)", "while nothing is recorded"),
    ("check('sgd_step', lambda params, lr: params[0].backward(), judge_1)", "Your code raises RuntimeError"),
    (SGD_STEP.format(guard=HAS, update="param = param - lr * param.grad"), "have not moved"),
    (SGD_STEP.format(guard=HAS, update="param += lr * param.grad"), "the wrong way"),
    (SGD_STEP.format(guard=HAS, update="param -= param.grad"), "where is the learning rate?"),
    (SGD_STEP.format(guard=HAS, update="param -= lr * param.grad.sign()"), "each by its own"),
    (SGD_STEP.format(guard=HAS, update="param -= lr * param.grad; params[2] += 1"), "without a gradient has moved"),
    (SGD_STEP.format(guard=HAS, update="param -= lr * param.grad; param.grad = None"), "the work of zero_grad"),
    (TRAIN.format(lr=0.1, first="optimizer.zero_grad()", last="optimizer.step()", result="w.item()"), "return w, the"),
    (TRAIN.format(lr=0.1, first="", last="optimizer.step()", result="w"), "the old gradients are in it"),
    (
        TRAIN.format(lr=0.1, first="optimizer.step(); optimizer.zero_grad()", last="", result="w"),
        "After 1 round w is one step behind",
    ),
    (
        TRAIN.format(lr=0.2, first="optimizer.zero_grad()", last="optimizer.step()", result="w"),
        "not where plain SGD goes",
    ),
    ("check_3([0.1, 0.1, 0.1, 0.1])", "second step: not yet. The buffer is half of what it was"),
    ("check_3([0.1, 0.15, 0.225, 0.3])", "what was it in the second step?"),
    ("check_3([0.1, 0.15, 0.175, 0.19])", "for which v is v"),
    ("check_3([-0.1, 0.15, 0.175, 0.2])", "without a sign"),
    ("check_3([1, 1.5, 1.75, 2])", "the learning rate is still missing"),
    ("check_3([0.5, 0.15, 0.175, 0.2])", "In the first step the buffer is the gradient"),
    ("check_4(0.1, 0.0)", "the old gradients play no part"),
    ("check_4(0.1, 0.9)", "Nearly: with this momentum"),
    ("check_4(0.05, 1.0)", "the steps have another length"),
    ("check_4(0.1, 1.1)", "What share of the old gradients"),
]
