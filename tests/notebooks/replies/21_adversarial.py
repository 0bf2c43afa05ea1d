"""Wrong answers to the exercises of notebook 21, each with a part of what is said about it."""

WRONG = [
    ("predict('rise', 0.2, rise, 'Sum the sizes.')", "is 1.1; you predicted 0.2. Sum the sizes."),
    ("check_1([-0.1, 0.5, 1.15])", "No pixel is below 0"),
    ("check_1([0, 0.5, 0.99])", "the sizes of the slopes"),
    ("check_1([0.3, 0.5, 0.75])", "That goes downhill"),
    ("check_1([0, 0.7, 1])", "What is the sign of 0?"),
    ("check_1([0, 0.3, 1])", "What is the sign of 0?"),
    ("check_1([0, 0.5, 0.9])", "2 of the 3 are right"),
    (
        "def article(model, image, label, epsilon):\n    data = image.clone().requires_grad_()\n"
        "    criterion(model(data), label).backward()\n"
        "    return (data.detach() + epsilon * data.grad.sign()).clamp(0, 1)\ncheck('c', article, judge_2)",
        "your backward() has added to them",
    ),
    (
        "def zeroed(model, image, label, epsilon):\n    made = article(model, image, label, epsilon)\n"
        "    model.zero_grad()\n    return made\ncheck('c', zeroed, judge_2)",
        "which are gone now",
    ),
    ("check('c', lambda model, image, label, epsilon: image.add_(0.1), judge_2)", "The caller's image has changed"),
    ("check('c', lambda model, image, label, epsilon: None, judge_2)", "It is to return a tensor"),
    (
        "def recorded(model, image, label, epsilon):\n    image = image.clone().requires_grad_()\n"
        "    return image * 1\ncheck('c', recorded, judge_2)",
        "the attack itself was recorded",
    ),
    ("check('c', lambda model, image, label, epsilon: image + 0.3, judge_2)", "below 0 or above 1"),
    (
        "check('c', lambda model, image, label, epsilon: solution_2(model, image, label, -epsilon), judge_2)",
        "which way is up?",
    ),
    (
        "check('c', lambda model, image, label, epsilon: solution_2(model, image, label, epsilon / 2), judge_2)",
        "It is another image",
    ),
    (
        "def summed(loss_of, start, steps):\n    x = torch.tensor(start, requires_grad=True)\n"
        "    for _ in range(steps):\n        loss_of(x).backward()\n        with torch.no_grad():\n"
        "            x += 0.1 * x.grad.sign()\n    return x.item()\ncheck('climb', summed, judge_3)",
        "With the top at 1.0 it arrives at 1.75: which slopes decide",
    ),
    ("check('climb', lambda loss_of, start, steps: solution_3(loss_of, start, 5), judge_3)", "Is every step taken?"),
    ("check('climb', lambda loss_of, start, steps: torch.tensor(1.0), judge_3)", "a Python number is wanted"),
    ("check('climb', lambda loss_of, start, steps: None, judge_3)", "It is to return a number"),
    ("check_4('a')", "more likely, or less"),
    ("check_4('c')", "Try both on the three pixels"),
]
