"""The course as a learner meets it: in JupyterLab, stepped through by keyboard and by mouse, today and tomorrow."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from .conftest import PROJECT, Lab

NOTEBOOKS = sorted(path.name for path in (PROJECT / "notebooks").glob("*.ipynb"))
RETAIN = "07_retain_graph.ipynb"
WINDOW = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def steppers(lab: Lab) -> Locator:
    """Those of one run; `pairs` are those of two side by side."""
    return lab.page.locator(f"{WINDOW} .mg-root:not(.mg-pair, .mg-side .mg-root)")


def pairs(lab: Lab) -> Locator:
    return lab.page.locator(f"{WINDOW} .mg-root.mg-pair")


def length(stepper: Locator) -> int:
    return int(stepper.locator(".mg-track").get_attribute("aria-valuemax") or 0)


def at(stepper: Locator, step: int) -> None:
    expect(stepper.locator(".mg-count")).to_have_text(f"step {step} of {length(stepper)}")


def chip(stepper: Locator, node: str, label: str) -> Locator:
    """A saved tensor beside a node of the picture."""
    box = stepper.locator(".mg-node", has=stepper.page.locator(".mg-label", has_text=node))
    return box.locator(".mg-chip", has_text=label)


def filled(saved: Locator) -> bool:
    """Whether the square of a saved tensor is filled, as a reader sees it."""
    expect(saved).to_be_visible()
    colour: str = saved.locator(".mg-sign").evaluate("sign => getComputedStyle(sign).fill")
    struck: str = saved.locator("text").evaluate("text => getComputedStyle(text).textDecorationLine")
    assert (colour == "none") == (struck == "line-through")
    return colour != "none"


def walk(stepper: Locator, forward: str = "") -> None:
    """Step from the first step to the last: with a key, or by clicking the button."""
    button = stepper.get_by_role("button", name="Step forward")
    stepper.get_by_role("button", name="First step").click(force=True)  # it is disabled where we are there already
    stepper.focus()
    at(stepper, 1)
    for step in range(2, length(stepper) + 1):
        if forward:
            stepper.page.keyboard.press(forward)
        else:
            button.click()
        at(stepper, step)
    expect(button).to_be_disabled()


def to_the_end(stepper: Locator) -> None:
    """To the last step, past every question that is asked on the way."""
    words = stepper.locator(".mg-score").inner_text().split()  # "0 of 3 predicted"; nothing where nothing is asked
    reveal = stepper.locator(".mg-reveal")
    for _ in range(int(words[2]) if words else 0):
        stepper.focus()
        stepper.page.keyboard.press("End")
        if reveal.is_visible():
            reveal.click()
    stepper.focus()
    stepper.page.keyboard.press("End")


def cells(lab: Lab) -> list[str]:
    """The notebook's cells as JupyterLab has them."""
    sources: list[str] = lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.sharedModel.getSource())"
    )
    return sources


def says_that_the_second_backward_fails(lab: Lab) -> None:
    """In 07, by keyboard: saved tensors are held, let go in the first backward, and missed in the second."""
    stepper = steppers(lab).first
    expect(stepper.locator(".mg-code")).to_contain_text("loss = (w * x) ** 2")
    stepper.focus()
    stepper.page.keyboard.press("Home")
    at(stepper, 1)
    expect(stepper.locator(".mg-chip:visible")).to_have_count(0)

    stepper.page.keyboard.press("PageDown")  # the first backward begins
    expect(stepper.locator(".mg-pill")).to_have_text("backward")
    saved = [chip(stepper, "MulBackward0", "saved w"), chip(stepper, "MulBackward0", "saved x")]
    saved.append(chip(stepper, "PowBackward0", "saved a"))
    assert [filled(one) for one in saved] == [True, True, True]
    expect(stepper.locator(".mg-bytes")).to_have_text("saved memory 12 B")

    walk(stepper, "ArrowRight")
    assert [filled(one) for one in saved] == [False, False, False]
    expect(stepper.locator(".mg-bytes")).to_have_text("saved memory 0 B")
    expect(stepper.locator(".mg-pill")).to_have_text("error")
    expect(stepper.locator(".mg-node.mg-failed .mg-label")).to_have_text("PowBackward0")
    expect(stepper.locator(".mg-error")).to_contain_text("RuntimeError on line 5")
    expect(stepper.locator(".mg-error")).to_contain_text("Trying to backward through the graph a second time")
    expect(stepper.locator(".mg-text")).to_contain_text("which the backward in line 4 let go of")

    stepper.page.keyboard.press("ArrowLeft")
    expect(stepper.locator(".mg-node.mg-failed")).to_have_count(0)


def says_that_retain_graph_keeps_them(lab: Lab) -> None:
    """In 07, by mouse: the first backward keeps what is saved, the second lets it go."""
    stepper = steppers(lab).nth(1)
    expect(stepper.locator(".mg-code")).to_contain_text("retain_graph=True")
    to_the_end(stepper)  # once every question is answered, it is a stepper like the others
    walk(stepper)
    assert not filled(chip(stepper, "PowBackward0", "saved a"))
    expect(stepper.locator(".mg-node.mg-failed")).to_have_count(0)
    gradient = stepper.locator(".mg-row.mg-on", has_text="x[2.]").locator(".mg-c-grad")
    expect(gradient).to_have_text("[72.]")

    stepper.locator("button.mg-line").last.click()
    expect(stepper.locator(".mg-line.mg-now")).to_contain_text("loss.backward()")
    assert filled(chip(stepper, "PowBackward0", "saved a"))  # as the second backward begins
    expect(gradient).to_have_text("[36.]")


def test_07_steps_by_keyboard_and_by_mouse_and_again_when_the_kernel_is_gone(lab: Lab) -> None:
    lab.open(RETAIN)
    lab.run_all()
    says_that_the_second_backward_fails(lab)
    says_that_retain_graph_keeps_them(lab)

    lab.save()
    lab.shut_down_kernels()
    lab.reload()
    says_that_the_second_backward_fails(lab)
    says_that_retain_graph_keeps_them(lab)
    assert lab.outside == []


def test_07_steps_as_it_was_stored_before_anything_is_run(lab: Lab) -> None:
    lab.trust(RETAIN)
    lab.open(RETAIN)
    says_that_the_second_backward_fails(lab)
    says_that_retain_graph_keeps_them(lab)
    assert lab.outside == []


def test_a_notebook_that_is_not_trusted_shows_still_pictures(lab: Lab) -> None:
    notebook = nbformat.read(lab.folder / RETAIN, as_version=4)
    notebook.cells[0].source += " (by somebody else)"
    lab.store("other.ipynb", notebook)
    lab.open("other.ipynb")
    expect(steppers(lab)).to_have_count(0)
    pictures = lab.page.locator(f"{WINDOW} img[alt^='Stepper: ']")
    expect(pictures).to_have_count(3 + 2)  # three runs, and two side by side
    assert pictures.evaluate_all("all => all.every(image => image.naturalWidth > 100)")


def test_keys_typed_into_a_stepper_never_reach_the_notebook(lab: Lab) -> None:
    lab.trust(RETAIN)
    lab.open(RETAIN)
    before = cells(lab)
    stepper = steppers(lab).first
    stepper.scroll_into_view_if_needed()
    stepper.locator(".mg-title").click()
    stepper.focus()
    keyboard = lab.page.keyboard
    # A cell above, below; delete; cut, paste, undo; text, code; interrupt, restart: in JupyterLab's command mode.
    for key in "abddxvzmyii00":
        keyboard.press(key)
    for key in ("Enter", "Shift+Enter", "ArrowDown", "ArrowUp", "PageDown", "Home", "End"):
        keyboard.press(key)
    at(stepper, length(stepper))
    assert cells(lab) == before
    assert lab.page.evaluate("() => !window.jupyterapp.shell.currentWidget.content.activeCell.editor?.hasFocus()")
    assert lab.page.evaluate("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)

    lab.cell(0).click()  # beside the stepper the same key does what it always does
    keyboard.press("Escape")
    keyboard.press("b")
    assert len(cells(lab)) == len(before) + 1


# The labels of graphs that stick out of their boxes by more than two pixels. A saved tensor's has no box.
PARTS = ".mg-node, .mg-edge, .mg-dot-node"
STICK_OUT = """(roots, parts) => roots.flatMap(root => [...root.querySelectorAll(parts)].flatMap(part => {
    const shapes = ".mg-box, .mg-tag, .mg-dot-node > polygon, .mg-dot-node > ellipse, .mg-dot-node > path";
    const boxes = [...part.querySelectorAll(shapes)].map(one => one.getBoundingClientRect()).filter(box => box.width);
    const labels = [...part.querySelectorAll("text")].filter(text => !text.closest(".mg-chip") && text.textContent);
    const end = (most, side) => most(...boxes.map(box => box[side]));
    return labels.filter(() => boxes.length).flatMap(text => {
        const label = text.getBoundingClientRect();
        const across = Math.max(end(Math.min, "left") - label.left, label.right - end(Math.max, "right"));
        const along = Math.max(end(Math.min, "top") - label.top, label.bottom - end(Math.max, "bottom"));
        return across > 2 || along > 2 ? [`${text.textContent}: ${across.toFixed(1)} and ${along.toFixed(1)} px`] : [];
    });
}))"""


def reacts_to_the_keyboard(explorer: Locator) -> None:
    for slider in explorer.get_by_role("slider").all():
        places = int(slider.get_attribute("max") or 0)
        slider.focus()
        for key, place in (("Home", 0), ("End", places), ("ArrowLeft", places - 1)):
            explorer.page.keyboard.press(key)
            expect(slider).to_have_js_property("value", str(place))
            expect(explorer.locator("img")).to_have_js_property("complete", True)
            assert explorer.locator("img").evaluate("image => image.naturalWidth > 100")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom_with_nothing_broken(lab: Lab, name: str) -> None:
    stored = nbformat.read(PROJECT / "notebooks" / name, as_version=4)
    runs, explorers = (
        sum(f'class="{script}"' in str(cell.get("outputs", "")) for cell in stored.cells)
        for script in ("mg-run", "mg-explore")
    )
    meant = [k for k, cell in enumerate(stored.cells) if "raises-exception" in cell.metadata.get("tags", [])]
    lab.open(name)
    lab.run_all()
    lab.save()

    failed = [
        k
        for k, cell in enumerate(lab.read().cells)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    assert failed == meant

    expect(steppers(lab).or_(pairs(lab))).to_have_count(runs)
    for stepper in steppers(lab).all():
        to_the_end(stepper)
        at(stepper, length(stepper))
        assert stepper.locator(".mg-node:visible").count() > 0
    for pair in pairs(lab).all():
        pair.focus()
        lab.page.keyboard.press("End")
        expect(pair.get_by_role("button", name="Step forward").first).to_be_disabled()
    drawings = lab.page.locator(f"{WINDOW} .jp-OutputArea .mg-dot > svg")
    for drawing in drawings.all():
        expect(drawing.locator("text").first).to_be_visible()  # no stepper's look has got at it
    assert lab.page.locator(f"{WINDOW} .mg-root, {WINDOW} .mg-dot > svg").evaluate_all(STICK_OUT, PARTS) == []

    sliders = lab.page.locator(f"{WINDOW} .mg-explorer")
    expect(sliders).to_have_count(explorers)
    for explorer in sliders.all():
        reacts_to_the_keyboard(explorer)
    assert lab.page.locator(f"{WINDOW} .jp-OutputArea img:visible").evaluate_all(
        "all => all.every(i => i.naturalWidth)"
    )
    broken = f"{WINDOW} .jupyter-widgets-disconnected, {WINDOW} .jupyter-widgets-error"
    expect(lab.page.locator(broken)).to_have_count(0)
    expect(lab.page.locator(WINDOW).get_by_text("Error displaying widget")).to_have_count(0)
    assert [line for line in lab.console if line.startswith(("exception: ", "error: "))] == []
    assert lab.outside == []
