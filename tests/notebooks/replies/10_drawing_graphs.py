"""Wrong answers to the exercises of notebook 10, each with a part of what is said about it."""

WRONG = [
    ("predict('grey boxes', 3, 5, 'One for each operation, and one for each leaf.')", "you predicted 3. One for each"),
    ("check('f', lambda x, y: 3.0, judge_1)", "has no grad_fn"),
    ("check('f', lambda x, y: (x * y).exp(), judge_1)", "missing in yours"),
    ("check('f', lambda x, y: (x * y).exp() + (x * y).exp().sin().cos(), judge_1)", "a box that the drawing has not"),
    ("check('f', lambda x, y: (x * y).exp() + (x * y).exp().sin(), judge_1)", "computes something twice"),
    ("check('f', lambda x, y: (x * y).exp().sin() + x, judge_1)", "the arrows are not yet"),
    ("check_2({'w': False})", "Which boxes come after it?"),
    ("check_2({'gate': True})", "has gate as its input?"),
    ("check_2({'shift': True})", "its numbers alone?"),
    ("check_2({'extra': False})", "Is a product with 0 an operation?"),
    ("check_2({'extra': 0})", "What is wanted is True or False"),
    ("check('leaves', lambda result: 2, judge_3)", "A list is wanted."),
    ("check('leaves', lambda result: [result.grad_fn], judge_3)", "Which attribute of AccumulateGrad"),
    ("check('leaves', lambda result: solution_3(result)[:1], judge_3)", "a leaf is missing"),
    ("check('leaves', lambda result: solution_3(result) * 2, judge_3)", "a leaf comes more than once"),
    ("check('leaves', lambda result: [*solution_3(result), torch.ones(1)], judge_3)", "a tensor too many"),
]
