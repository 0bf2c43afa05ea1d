"""Wrong answers to the exercises of notebook 08, each with a part of what is said about it."""

CURVATURE = (
    "def curvature(function, x):\n    x = torch.tensor(x, requires_grad=True)\n    {}\ncheck('c', curvature, judge_2)"
)
FIRST = "(first,) = torch.autograd.grad(function(x), x, create_graph=True)"
PRODUCT = "def product(f, x, v):\n    x = x.clone().requires_grad_()\n    {}\ncheck('p', product, judge_3)"
GRADIENT = "(g,) = torch.autograd.grad(f(x), x, create_graph=True)"

WRONG = [
    ("check_1(2)", "Was x.grad empty when it arrived?"),
    ("check_1(10)", "Where does the second go?"),
    ("check_1(20)", "not the first derivative once more"),
    ("check_1(25)", "That is the value of y."),
    ("check_1(15)", "what does the second add?"),
    (CURVATURE.format(FIRST + "; return torch.autograd.grad(first, x)[0].item()"), "It works for curves."),
    (
        CURVATURE.format("(first,) = torch.autograd.grad(function(x), x); return torch.autograd.grad(first, x)[0]"),
        "Which option records the walk back?",
    ),
    (CURVATURE.format(FIRST), "It returns None."),
    (CURVATURE.format(FIRST + "; return torch.autograd.grad(first, x)"), "It returns a tuple: torch.autograd.grad"),
    (CURVATURE.format(FIRST + "; return torch.autograd.grad(first, x)[0]"), "a Python number is wanted"),
    (CURVATURE.format(FIRST + "; return first.item()"), "That is the first derivative."),
    (CURVATURE.format(FIRST + "; return 45.0"), "the first derivative plus the second"),
    (CURVATURE.format("return 7.0"), "The number is another one."),
    (CURVATURE.format("return x.shape[3]"), "IndexError"),
    (PRODUCT.format(GRADIENT + "; return torch.autograd.grad(g, x, v)"), "It returns a tuple; a tensor is wanted."),
    (PRODUCT.format("return 3"), "It is to return a tensor."),
    (PRODUCT.format("return torch.autograd.functional.hessian(f, x)"), "Its shape is (3, 3)"),
    (PRODUCT.format(GRADIENT + "; return g"), "That is the gradient. Walk back once more"),
    (PRODUCT.format(GRADIENT + "; return g * v"), "That is the gradient times v"),
    (PRODUCT.format(GRADIENT + "; return torch.autograd.grad(g.sum(), x)[0]"), "but not Hv."),
    (PRODUCT.format("return torch.autograd.functional.hessian(f, x) @ v"), "but there were 4 walks"),
    ("check_4('a')", "Does it have a graph then?"),
    ("check_4('c')", "a walk that nobody uses"),
    ("check_4('d')", "what is differentiated afterwards"),
]
