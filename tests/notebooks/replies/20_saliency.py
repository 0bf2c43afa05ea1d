"""Wrong answers to the exercises of notebook 20, each with a part of what is said about it."""

WRONG = [
    ("predict('shape', [10], [1, 1, 8, 8], 'That of the image.')", "you predicted 10. That of the image."),
    ("check_1([3, -2, 0])", "These are the slopes"),
    ("check_1([3, 2, 1])", "Which number arrives at the ReLU"),
    ("check_1([0.6, 1.8, 0])", "Those are the terms themselves"),
    ("check_1([3, 1, 0])", "2 of the 3 are right"),
    (
        "def sums(image, this, that):\n    image = image.clone().requires_grad_()\n    z = model(image)[0]\n"
        "    z[this].backward(retain_graph=True)\n    z[that].backward()\n    return image.grad[0, 0]\n"
        "check('contrast', sums, judge_2)",
        "two walks add up",
    ),
    ("check('contrast', lambda image, a, b: solution_2(image, b, a), judge_2)", "the other way round"),
    ("check('contrast', lambda image, a, b: solution_2(image, a, b).abs(), judge_2)", "the signs are wanted too"),
    ("check('contrast', lambda image, a, b: slopes_of(image, a, 'logit'), judge_2)", "the first logit alone"),
    ("check('contrast', lambda image, a, b: slopes_of(image, a, 'loss'), judge_2)", "The numbers are others"),
    ("check('contrast', lambda image, a, b: solution_2(image, a, b)[None], judge_2)", "Its shape is [1, 8, 8]"),
    ("check('contrast', lambda image, a, b: None, judge_2)", "It is to return a tensor"),
    ("check('contrast', lambda image, a, b: image.requires_grad_(), judge_2)", "The caller's image requires grad"),
    ("check('contrast', lambda image, a, b: model(image)[0, a].backward(), judge_2)", "raises RuntimeError: element 0"),
    (
        "def half(raw):\n    raw = raw.clone().requires_grad_()\n    image = raw / 16\n"
        "    model(image)[0].max().backward()\n    return image.grad\ncheck('raw_slopes', half, judge_3)",
        "Still None. Is image a leaf",
    ),
    (
        "def of_raw(raw):\n    raw = raw.clone().requires_grad_()\n    model(raw / 16)[0].max().backward()\n"
        "    return raw.grad\ncheck('raw_slopes', of_raw, judge_3)",
        "16 times too small",
    ),
    ("check('raw_slopes', lambda raw: solution_3(16 * raw), judge_3)", "Does the model see an image from 0 to 1"),
    ("check('raw_slopes', lambda raw: 0.0, judge_3)", "It is to return a tensor"),
    ("check_4('a')", "when the logit is asked"),
    ("check_4('c')", "They were frozen for every map"),
]
