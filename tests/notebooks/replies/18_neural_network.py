"""Wrong answers to the exercises of notebook 18, each with a part of what is said about it."""

DEEP = """
class Answer(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.layers = {layers}
    def forward(self, x):
        for layer in self.layers{part}:
            x = layer(x){relu}
        return {result}
check("Deep", Answer, judge_2)
"""
LISTED = "nn.ModuleList([nn.Linear(4, 4) for _ in range(depth)])"

WRONG = [
    ("predict('first.weight', [1, 8], model.first.weight.shape, 'Rows.')", "is [8, 1]; you predicted [1, 8]. Rows."),
    ("check_1([3, 4], 26, 2)", "first weight: not yet. Rows are outputs"),
    ("check_1([4, 3], 20, 2)", "numbers: not yet. Those are the weights"),
    ("check_1([4, 3], 16, 2)", "numbers: not yet. That is the first layer"),
    ("check_1([4, 3], 99, 2)", "a bias for each output"),
    ("check_1([4, 3], 26, 4)", "4 is what goes into the last layer"),
    ("check_1([4, 3], 26, 5)", "however many samples there are"),
    (DEEP.format(layers=LISTED[14:-1], part="", relu="", result="x"), "A plain list is not looked into"),
    (DEEP.format(layers=LISTED.replace("depth", "2"), part="", relu="", result="x"), "have 6 parameters"),
    (DEEP.format(layers=LISTED, part="", relu="", result="x"), "Where is ReLU?"),
    (DEEP.format(layers=LISTED, part="", relu=".relu()", result="x"), "A ReLU after the last layer"),
    (DEEP.format(layers=LISTED, part="[:-1]", relu=".relu()", result="x"), "Is each layer called once"),
    ("check('snapshot', lambda model: model.state_dict(), judge_3)", "it shares memory with the model"),
    ("check('snapshot', lambda model: list(model.parameters()), judge_3)", "return a dict with the names"),
    (
        "check('snapshot', lambda model: {n: p.clone() for n, p in model.named_parameters()}, judge_3)",
        "and with them a graph",
    ),
    (
        "def frozen(model):\n    model.requires_grad_(False)\n    model.last.bias = nn.Parameter(model.last.bias + 0)\n"
        "    model.last.bias.register_hook(lambda g: g * 0)\n"
        "    return {n: t.clone() for n, t in model.state_dict().items()}\ncheck('snapshot', frozen, judge_3)",
        "no longer trains",
    ),
    ("check_4(lambda model, x, t: nn.MSELoss()(model(x), t))", "not answered yet. The model cannot take x"),
    ("check_4(lambda model, x, t: nn.MSELoss()(model(x[:, None]), t))", "No error, but a warning"),
    ("check_4(lambda model, x, t: nn.MSELoss(reduction='sum')(model(x[:, None]), t[:, None]))", "differences of 0, 1"),
    ("check_4(lambda model, x, t: nn.MSELoss(reduction='none')(model(x[:, None]), t[:, None]))", "one number"),
    (
        "check_4(lambda model, x, t: nn.MSELoss()(model(x.reshape(1, -1).T[:1]), t[:1, None]))",
        "The model gets shape (1, 1)",
    ),
]
