"""Wrong answers to the exercises of notebook 04, each with a part of what is said about it."""

WALK = """
def mine(z):
    node, arriving, numbers = z.grad_fn, torch.tensor(1.0), [1.0]
    while not hasattr(node, "variable"):
        leaving = node({given})
        arriving = leaving
        numbers.append(leaving.item())
        node = node.next_functions[0][0]
    return {result}
check("on_the_edges", mine, judge_2)
"""

WRONG = [
    ("check_1(1, 1, 2)", "to v: not yet. 1 arrives at z"),
    ("check_1(9, 3, 6)", "to v: not yet. That is the value of z."),
    ("check_1(3, 3, 6)", "to x: not yet. And times 2?"),
    ("check_1(-6, 6, 12)", "to v: not yet. The size is right, but not the direction"),
    ("check('on_the_edges', lambda z: z.item(), judge_2)", "It is to return a list"),
    (WALK.format(given="torch.tensor(1.0)", result="numbers"), "what left the first"),
    (WALK.format(given="arriving", result="numbers[1:]"), "The 1 at the beginning"),
    (WALK.format(given="arriving", result="numbers[:-1]"), "It ends too early"),
    (WALK.format(given="arriving", result="numbers[::-1]"), "begins at the result"),
    (WALK.format(given="2 * arriving", result="numbers"), "For the root of 4, cubed, it returns [1.0, 24.0, 12.0]"),
    (WALK.format(given="arriving", result="numbers"), "on_the_edges: right"),
    ("check_3([12, 16], [60, 80])", "at (6, 8): not yet. That is the gradient of the square"),
    ("check_3([12, 16], [60, 80])", "at (60, 80): not yet. That is the vector itself"),
    ("check_3([4.24, 5.66], [6, 8])", "at (6, 8): not yet. That is the mistake of the article"),
    ("check_3([0.6, 0.8], [6, 8])", "Does its length grow faster"),
    ("check_3([0.6, 0.6], ...)", "1 of the 2 are right"),
    ("check_4('b')", "0 is a gradient like any other"),
    ("check_4('C')", "made from x[1]?"),
]
