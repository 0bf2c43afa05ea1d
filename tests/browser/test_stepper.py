"""The stepper in a real browser: on its exported page, with no kernel and no network, and in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

import viz
from tests.viz import recorded
from tests.viz.samples import SAMPLES, inplace, matrices, product, recurrent, second_backward
from viz import page as pages
from viz import texts
from viz.place import place
from viz.trace import Trace

Open = Callable[..., Page]


@pytest.fixture
def show(browser: BrowserContext, tmp_path: Path) -> Iterator[Open]:
    """Write the page of a trace (or of several, one under the other) and open it. It must reach for nothing else."""
    opened: list[Page] = []
    complaints: list[str] = []

    def open_page(*traces: Trace, step: int = 1, width: int = 1180, height: int = 760) -> Page:
        file = tmp_path / "page.html"
        first, *rest = traces
        text = pages.to_html(first, step).replace("</main>", "".join(pages.fragment(one) for one in rest) + "</main>")
        file.write_text(text, encoding="utf-8")
        page = browser.new_page()
        opened.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.on("request", lambda request: complaints.extend([request.url] * (request.url != file.as_uri())))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(file.as_uri())
        return page

    yield open_page
    for page in opened:
        page.close()
    assert complaints == []


def count(page: Page) -> str:
    return page.locator(".mg-count").first.inner_text()


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def row_of(page: Page, name: str) -> Locator:
    exactly = page.locator(".mg-mono", has_text=re.compile(f"^{re.escape(name)}$"))
    return page.locator(".mg-row.mg-on").filter(has=exactly)


def row(page: Page, name: str) -> list[str]:
    return row_of(page, name).locator("[role=cell]").all_inner_texts()


def picture(page: Page) -> list[str]:
    """All that can be seen of the stepper, as classes, paths and texts."""
    seen: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.mg-root, .mg-root *')].filter(e => e.getClientRects().length).map(e =>
            [e.getAttribute('class'), e.getAttribute('d'), e.childElementCount ? '' : e.textContent].join('|'))"""
    )
    return sorted(seen)


def overflows(page: Page) -> list[str]:
    """What sticks out of the stepper at its sides."""
    return page.evaluate(
        """() => { const root = document.querySelector('.mg-root'), box = root.getBoundingClientRect();
            const clipped = e => { for (let p = e.parentElement; p && p !== root; p = p.parentElement)
                if (getComputedStyle(p).overflowX !== 'visible') return true; return false; };
            return [...root.querySelectorAll('*')].filter(e => { const b = e.getBoundingClientRect();
                return b.width && !clipped(e) && (b.right > box.right + 1 || b.left < box.left - 1); })
                .map(e => e.getAttribute('class')); }"""
    )


# Stepping


@pytest.mark.parametrize("name", ["product", "second_backward", "inplace", "matrices"])
def test_steps_to_the_end_and_back_to_the_same_pictures(show: Open, name: str) -> None:
    trace = SAMPLES[name]()
    page = show(trace)
    page.locator(".mg-root").focus()
    steps = len(trace.steps)
    pictures = [picture(page)]
    for _ in range(steps - 1):
        keys(page, "ArrowRight")
        pictures.append(picture(page))
    keys(page, "End")
    assert count(page) == f"step {steps} of {steps}"
    keys(page, "Home")
    for k in range(1, steps):
        keys(page, "ArrowRight")
        assert picture(page) == pictures[k], f"step {k + 1} again"


def test_every_button_does_what_it_says(show: Open) -> None:
    page = show(product())
    press = lambda name: page.get_by_role("button", name=name).click()  # noqa: E731
    press("Step forward")
    assert count(page) == "step 2 of 13"
    press("Last step")
    assert count(page) == "step 13 of 13"
    expect(page.get_by_role("button", name="Step forward")).to_be_disabled()
    press("Step back")
    assert count(page) == "step 12 of 13"
    press("First step")
    assert count(page) == "step 1 of 13"
    expect(page.get_by_role("button", name="Step back")).to_be_disabled()
    press(re.compile("^Play"))
    expect(page.locator(".mg-count")).to_have_text("step 2 of 13", timeout=10_000)
    press("Pause")
    stopped = count(page)
    page.wait_for_timeout(1600)
    assert count(page) == stopped
    press("Speed of playing")
    press("Speed of playing")
    assert page.locator(".mg-pace").inner_text() == "4×"
    press(re.compile("^Play"))
    expect(page.locator(".mg-count")).to_have_text("step 13 of 13", timeout=10_000)
    expect(page.get_by_role("button", name=re.compile("^Play"))).to_be_visible()  # it has stopped by itself


def test_every_key_does_what_it_says(show: Open) -> None:
    page = show(product())
    page.locator(".mg-root").focus()
    for key, step in [
        *(("ArrowRight", 2), ("ArrowDown", 3), ("ArrowDown", 6), ("ArrowUp", 3), ("ArrowUp", 2), ("ArrowUp", 1)),
        *(("PageDown", 6), ("PageUp", 1), ("End", 13), ("ArrowRight", 13), ("ArrowLeft", 12), ("PageUp", 6)),
        *(("Home", 1), ("ArrowLeft", 1)),
    ]:
        keys(page, key)
        assert count(page) == f"step {step} of 13", key
    keys(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys(page, "Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_space_plays_and_pauses(show: Open) -> None:
    page = show(product())
    page.locator(".mg-root").focus()
    keys(page, " ")
    expect(page.locator(".mg-count")).to_have_text("step 2 of 13", timeout=10_000)
    keys(page, " ")
    expect(page.get_by_role("button", name=re.compile("^Play"))).to_be_visible()


def test_timeline_is_a_slider_to_drag(show: Open) -> None:
    page = show(second_backward())
    slider = page.get_by_role("slider")
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 8)
    page.mouse.down()
    for part, step in ((0.5, 6), (0.999, 11), (0.3, 4)):
        page.mouse.move(box["x"] + part * box["width"], box["y"] + 8)
        assert count(page) == f"step {step} of 11"
    page.mouse.up()
    page.mouse.move(box["x"] + 5, box["y"] + 8)
    assert count(page) == "step 4 of 11", "let go"
    assert slider.get_attribute("aria-valuenow") == "4"
    assert slider.get_attribute("aria-valuetext").startswith("step 4 of 11, backward: backward()")
    assert page.locator(".mg-part-name").all_inner_texts() == ["forward", "backward 1", "backward 2", "error"]


def test_a_click_on_a_line_leads_to_its_steps_one_after_the_other(show: Open) -> None:
    page = show(product())
    line = page.locator(".mg-line").nth(2)
    for step in (3, 4, 5, 3):
        line.click()
        assert count(page) == f"step {step} of 13"


def test_opens_at_the_step_asked_for(show: Open) -> None:
    assert count(show(product(), step=7)) == "step 7 of 13"


# What is shown


def test_the_mock_step(show: Open) -> None:
    """Step 7 of the first lesson: what ../mock shows."""
    page = show(product(), step=7)
    assert page.locator(".mg-pill").inner_text() == "backward"
    assert page.locator(".mg-line.mg-now").inner_text().split() == ["4", "z.backward()"]
    assert page.locator(".mg-line.mg-from").inner_text().split("\n")[0].strip() == "3"
    assert page.locator(".mg-node.mg-now .mg-label").all_text_contents() == ["MulBackward0"]
    assert page.locator(".mg-edge.mg-now").count() == 2
    assert page.locator(".mg-grad.mg-now").all_text_contents() == ["1 × b = 1", "1 × a = 5"]
    assert page.locator(".mg-chip.mg-held").count() == 2
    assert row(page, "x") == ["x", "[2.]", "None", "0", "leaf, requires grad"]
    assert row(page, "y − 2") == ["y − 2", "[1.]", "not kept · 5.", "0", "SubBackward0"]
    assert page.locator(".mg-changed").all_inner_texts() == ["not kept · 1.", "not kept · 5."]
    assert page.locator(".mg-math").last.get_attribute("aria-label") == "dz/db = dz/dz times a = 1 times 5 = 5"
    assert page.locator(".mg-bytes").inner_text() == "saved memory 8 B"
    assert page.locator(".mg-live").inner_text().startswith("Step 7. MulBackward0 passes the gradient to both factors.")


def test_saved_tensors_are_freed(show: Open) -> None:
    page = show(product(), step=8)
    assert page.locator(".mg-chip.mg-on").count() == 2
    assert page.locator(".mg-chip.mg-held").count() == 0
    page.get_by_role("button", name="Step back").click()
    assert page.locator(".mg-chip.mg-held").count() == 2


def test_gradients_add_up_in_the_table(show: Open) -> None:
    page = show(product(), step=10)
    assert row(page, "y")[2] == "[5.]"
    page.keyboard.press("Tab")
    page.locator(".mg-root").focus()
    keys(page, "End")
    assert row(page, "y")[2] == "[6.]"


@pytest.mark.parametrize(
    ("trace", "node", "says"),
    [(second_backward(), "MulBackward0", "a second time"), (inplace(), "ExpBackward0", "expected version 0 instead")],
)
def test_an_error_stands_on_the_node_and_line_where_it_happened(show: Open, trace: Trace, node: str, says: str) -> None:
    page = show(trace, step=len(trace.steps))
    assert page.locator(".mg-pill").inner_text() == "error"
    assert page.locator(".mg-failed .mg-label").all_text_contents() == [node]
    assert page.locator(".mg-failed .mg-small").text_content() == "RuntimeError · line 4"
    kind, whole = trace.steps[-1].error.split(": ", 1)
    assert says in whole
    assert page.locator(".mg-error b").inner_text() == kind
    assert page.locator(".mg-error p").inner_text() == whole
    page.get_by_role("button", name="Step back").click()
    expect(page.locator(".mg-error")).to_be_hidden()
    assert page.locator(".mg-failed").count() == 0


def test_a_stale_saved_tensor_is_marked(show: Open) -> None:
    page = show(inplace(), step=3)
    assert page.locator(".mg-stale .mg-chip-text").all_text_contents() == ["saved result v0"]
    assert row(page, "y")[3:] == ["1", "AddBackward0"]
    page.get_by_role("button", name="Step back").click()
    assert page.locator(".mg-stale").count() == 0
    assert row(page, "y")[3:] == ["0", "ExpBackward0"]


def test_small_tensors_are_heat_maps_with_numbers_and_large_ones_a_summary(show: Open) -> None:
    page = show(matrices(), step=5)
    weight = row_of(page, "W").locator(".mg-c-value .mg-heat i")
    assert weight.all_inner_texts() == ["0.5", "−1", "0.25", "2", "−0.75", "1.5"]
    assert "32×784, mean 0.13" in row(page, "images")[1]


def long_program() -> None:
    import minigrad as torch

    a = torch.arange(64.0, requires_grad=True)
    b = torch.tensor([float(k % 7) for k in range(15)], requires_grad=True)
    c = torch.ones(2, 32, requires_grad=True)
    loss = (a * 2).sum() + (b * b).sum() + (c * c).sum()
    loss.backward()


@pytest.mark.parametrize("width", [480, 900, 1180, 1600])
def test_a_long_tensor_stays_in_its_cell_of_the_table(show: Open, width: int) -> None:
    page = show(viz.step(long_program).trace, step=-1, width=width)
    page.locator(".mg-root").focus()
    keys(page, "End")
    beyond = page.evaluate(
        """() => { const right = e => e.getBoundingClientRect().right;
            return [...document.querySelectorAll('.mg-row.mg-on .mg-heat')].filter(map => right(map) >
                right(map.closest('[role=cell]'))).map(map => map.closest('.mg-row').innerText); }"""
    )
    assert beyond == []
    table = page.locator(".mg-tensors")
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")
    assert row_of(page, "a").locator(".mg-c-value .mg-heat i").count() == 64
    assert row_of(page, "a").locator(".mg-c-value .mg-heat i").first.bounding_box()["width"] > 2  # type: ignore[index]


def test_a_click_on_a_node_shows_what_it_holds(show: Open) -> None:
    page = show(product(), step=8)
    page.locator(".mg-node", has_text="MulBackward0").locator(".mg-box").click()
    text = page.locator(".mg-inspect").inner_text()
    for part in ("x + y at version 0, 4 B, freed", "gradient to SubBackward0", "1 × a = 5", "float32", "made on line"):
        assert part in text
    page.get_by_role("button", name="Step back").click()
    assert "4 B, held" in page.locator(".mg-inspect").inner_text(), "it follows the steps"
    page.locator(".mg-inspect").get_by_role("button", name="Close").click()
    expect(page.locator(".mg-inspect")).to_be_hidden()


# By keys alone


def focused(page: Page) -> str:
    """What a screen reader calls the thing that has the focus."""
    return page.evaluate("(e => e.getAttribute('aria-label') || e.innerText)(document.activeElement)")


def tab_to(page: Page, pane: str) -> None:
    """Press Tab until the focus is in a pane."""
    page.locator(".mg-root").focus()
    for _ in range(30):
        keys(page, "Tab")
        if page.evaluate("pane => !!document.activeElement.closest(pane)", pane):
            return
    raise AssertionError(f"Tab does not lead to {pane}")


def test_each_pane_is_one_stop_of_tab(show: Open) -> None:
    page = show(product(), step=7)
    tab_to(page, ".mg-track")
    place = "(e => (e.closest('.mg-code, .mg-step, .mg-scroll, .mg-zoom, .mg-tensors, .mg-track') || e).className)"
    stops = [page.evaluate(f"{place}(document.activeElement)")]
    for key in ["Tab"] * 7 + ["Shift+Tab"] * 7:
        keys(page, key)
        stops.append(page.evaluate(f"{place}(document.activeElement)"))
    assert stops[:8] == ["mg-track", "mg-code", "mg-step", "mg-scroll", *["mg-zoom"] * 3, "mg-tensors"]
    assert stops[8:] == stops[6::-1], "and back"


def test_arrows_walk_from_node_to_node_in_the_graph_and_through_all_of_it(show: Open) -> None:
    page = show(product(), step=7)
    tab_to(page, ".mg-scroll")
    assert focused(page) == "MulBackward0, a · b = [5.], gradient not kept · 1."
    for key, name in [
        ("ArrowUp", "SubBackward0"),
        ("ArrowLeft", "AddBackward0"),
        ("ArrowDown", "MulBackward0"),
        ("ArrowUp", "SubBackward0"),
        ("ArrowUp", "y,"),
        ("ArrowLeft", "x,"),
    ]:
        keys(page, key)
        assert focused(page).startswith(name), key
    seen = [focused(page)]
    for _ in range(5):
        keys(page, "ArrowRight")
        seen.append(focused(page))
    assert [name.split(",")[0] for name in seen] == ["x", "y", "AddBackward0", "SubBackward0", "MulBackward0", "z"]
    assert seen[0] == "x, [2.]  v0, gradient None"
    assert count(page) == "step 7 of 13", "no step was taken"
    keys(page, "Enter")
    assert page.locator(".mg-inspect").inner_text().startswith("z")
    assert page.locator(".mg-live").inner_text().startswith("z. z: [5.].")
    keys(page, "Escape")
    expect(page.locator(".mg-inspect")).to_be_hidden()
    keys(page, "Escape", "ArrowRight")
    assert count(page) == "step 8 of 13", "out of the graph the arrows step"


def test_what_had_the_focus_and_is_gone_leaves_it_to_the_stepper(show: Open) -> None:
    page = show(product(), step=7)
    page.evaluate("window.got = []; document.addEventListener('keydown', e => window.got.push(e.key))")
    for pane in (".mg-scroll", ".mg-tensors"):
        tab_to(page, pane)
        keys(page, *["ArrowDown"] * 5, "Home", "d")
        assert page.evaluate("document.activeElement.className") == "mg-root"
        keys(page, "End")
    page.get_by_role("button", name="Step back").click()
    page.get_by_role("button", name="Step forward").focus()
    keys(page, "Enter", "d")
    assert count(page) == "step 13 of 13"
    assert page.evaluate("window.got") == []


def test_arrows_walk_in_a_large_graph_to_what_is_not_drawn_yet(show: Open) -> None:
    page = show(recurrent(140))
    page.locator(".mg-root").focus()
    keys(page, "End", "o", "o", "0")
    everything = page.locator(".mg-node.mg-on, .mg-frame.mg-on").count()
    keys(page, *"++++++++")
    tab_to(page, ".mg-scroll")
    box = "(b => `${b.x} ${b.y}`)(document.activeElement.getBBox())"
    keys(page, *["ArrowLeft"] * everything)
    seen = set()
    for _ in range(everything):
        seen.add(page.evaluate(box))
        keys(page, "ArrowRight")
    assert len(seen) == everything > 20
    assert page.locator(".mg-node.mg-on").count() < everything, "only what is near is drawn"
    inside = """() => { const a = document.activeElement.getBoundingClientRect(),
        b = document.querySelector('.mg-scroll').getBoundingClientRect();
        return a.top >= b.top && a.bottom <= b.bottom; }"""
    assert page.evaluate(inside)


@pytest.mark.parametrize(
    ("pane", "name"),
    [(".mg-code", "Code"), (".mg-step", "This step"), (".mg-scroll", "Graph of many"), (".mg-tensors", "Tensors")],
)
def test_every_pane_scrolls_by_keys(show: Open, pane: str, name: str) -> None:
    trace = recurrent(60)
    trace.source, trace.title = [*trace.source, *["pass  # " + "x" * 200] * 40], "many"
    trace.steps[0].text = "word " * 300
    page = show(trace, step=1)
    element = page.locator(pane)
    assert element.get_attribute("aria-label") == name
    page.locator(".mg-root").focus()
    keys(page, *["End"] * (pane == ".mg-tensors"))
    tab_to(page, pane)
    top = element.evaluate("e => e.scrollTop")
    keys(page, *["Shift+ArrowUp" if top else "Shift+ArrowDown"] * 3)
    page.wait_for_timeout(200)
    assert abs(element.evaluate("e => e.scrollTop") - top) > 60


def test_arrows_walk_from_line_to_line_and_enter_goes_there(show: Open) -> None:
    page = show(product(), step=7)
    tab_to(page, ".mg-code")
    assert focused(page).endswith("z.backward()")
    keys(page, "ArrowUp", "ArrowUp", "b", "Enter")
    assert count(page) == "step 2 of 13"
    assert page.locator(".mg-line.mg-break").inner_text().split("\n")[-1].strip().startswith("y =")
    keys(page, "ArrowRight")
    assert count(page) == "step 3 of 13", "to the side they step"
    page.locator(".mg-line").nth(1).click()
    keys(page, "ArrowDown")
    assert count(page) == "step 3 of 13", "who clicks, steps on by line"


def test_a_tensor_is_selected_by_its_row_or_its_node(show: Open) -> None:
    page = show(product(), step=7)
    tab_to(page, ".mg-tensors")
    keys(page, "ArrowDown", "Enter")
    pressed = page.locator(".mg-pick[aria-pressed=true]")
    assert pressed.inner_text() == focused(page) == "y − 2"
    assert page.locator(".mg-node.mg-picked .mg-label").text_content() == "SubBackward0"
    assert page.locator(".mg-inspect").inner_text().startswith("SubBackward0")
    page.locator(".mg-node", has_text="[2.]").click()
    assert pressed.inner_text() == "x"
    row_of(page, "x").locator(".mg-c-value").click()
    assert pressed.count() == page.locator(".mg-picked").count() == 0, "the same again closes it"


def test_a_tensor_without_a_node_is_selected_too(show: Open) -> None:
    page = show(recorded.run(recorded.PROGRAMS["jacobian_row"])[0].trace, step=-1)
    page.locator(".mg-root").focus()
    keys(page, "End")
    row_of(page, "v").click()
    assert page.locator(".mg-inspect").inner_text().startswith("v")
    assert page.locator(".mg-row.mg-picked").count() == 1
    keys(page, "Escape")
    assert page.locator(".mg-picked").count() == 0


def test_buttons_lead_to_the_next_line_phase_and_change(show: Open) -> None:
    page = show(product())
    press = lambda name: page.get_by_role("button", name=name).click()  # noqa: E731
    press("Next line")
    assert count(page) == "step 2 of 13"
    press("Next phase")
    assert count(page) == "step 6 of 13"
    change = page.get_by_role("button", name="Next change of the selected tensor")
    expect(change).to_be_disabled()
    row_of(page, "y").click()
    steps = []
    for _ in range(2):
        change.click()
        steps.append(row(page, "y")[2])
    assert steps == ["[5.]", "[6.]"]


def test_the_timeline_is_a_slider_by_keys_too(show: Open) -> None:
    page = show(product())
    tab_to(page, ".mg-track")
    for key, step in (
        ("ArrowUp", 2),
        ("ArrowRight", 3),
        ("ArrowDown", 2),
        ("End", 13),
        ("Home", 1),
        ("PageUp", 6),
        ("PageDown", 1),
    ):
        keys(page, key)
        assert count(page) == f"step {step} of 13", key


def test_texts_of_the_learner_are_texts(show: Open) -> None:
    trace = product()
    evil = "</script><img src=x onerror=\"document.title='caught'\"><b>bold</b> &amp; 中文 😀"
    trace.title = trace.source[0] = trace.nodes[0].label = trace.nodes[0].detail = trace.tensors[0].name = evil
    trace.steps[0].title = trace.steps[0].text = trace.steps[0].formulas[0].note = evil
    trace.steps[0].formulas[0].math = ["mrow", ["mi", evil]]
    trace.edges[0].gradient = evil
    page = show(trace)
    assert page.locator(".mg-body img, .mg-body b").count() == 0
    assert page.locator(".mg-title").inner_text() == evil
    assert page.locator(".mg-line").first.inner_text().endswith(evil)
    assert page.title() != "caught"


# Where it stands


def test_two_steppers_on_a_page_do_not_meet(show: Open) -> None:
    page = show(product(), product(), inplace())
    counts = page.locator(".mg-count")
    page.locator(".mg-root").nth(1).get_by_role("button", name="Step forward").click()
    page.locator(".mg-root").nth(2).get_by_role("button", name="Last step").click()
    assert counts.all_inner_texts() == ["step 1 of 13", "step 2 of 13", "step 7 of 7"]
    assert page.evaluate("document.querySelectorAll('.mg-root [id]').length") == 0


def test_keys_stay_inside_and_those_of_the_browser_work(show: Open) -> None:
    page = show(product())
    page.evaluate("window.got = []; document.addEventListener('keydown', e => window.got.push(e.key))")
    page.locator(".mg-root").focus()
    keys(page, "b", "ArrowRight", "d", "Tab")
    assert page.evaluate("window.got") == []
    assert page.evaluate("document.activeElement.className") != "mg-root", "Tab moves on"
    focusable = page.locator(".mg-root, .mg-root button, .mg-root [tabindex]")
    assert focusable.count() == page.locator('[data-lm-suppress-shortcuts="true"]').count() > 20


@pytest.mark.parametrize("width", [480, 640, 720, 900, 1180, 1700])
def test_fits_its_width(show: Open, width: int) -> None:
    page = show(matrices(), step=4, width=width)
    assert overflows(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    code, graph = page.locator(".mg-code").bounding_box(), page.locator(".mg-graph").bounding_box()
    assert code
    assert graph
    assert (graph["y"] > code["y"]) == (width <= 720), "one column when narrow"


# Where its parts stand, and how high they are.
PLACES = """() => ['root', 'bar', 'code', 'step', 'graph', 'tensors', 'foot'].map(name => {
    const box = document.querySelector(`.mg-${name}`).getBoundingClientRect(); return [box.top, box.height]; })"""


@pytest.mark.parametrize("width", [400, 480, 700, 1180])
@pytest.mark.parametrize("name", ["changed_in_place", "second_backward", "hooked", "module"])
def test_no_step_moves_anything_under_the_reader(show: Open, name: str, width: int) -> None:
    trace = recorded.run(recorded.PROGRAMS[name])[0].trace
    page = show(trace, width=width)
    page.wait_for_timeout(100)
    page.locator(".mg-root").focus()
    places = page.evaluate(PLACES)
    for k in range(2, len(trace.steps) + 1):
        keys(page, "ArrowRight")
        assert page.evaluate(PLACES) == places, f"step {k}"


def test_the_panel_has_the_room_that_the_longest_step_needs(show: Open) -> None:
    trace = recorded.run(recorded.PROGRAMS["module"])[0].trace
    page = show(trace, width=900, height=1200)
    page.locator(".mg-root").focus()
    for _ in trace.steps:
        assert page.locator(".mg-step").evaluate("e => e.scrollHeight <= e.clientHeight")
        keys(page, "ArrowRight")


@pytest.mark.parametrize("width", [480, 900])
def test_names_of_phases_do_not_meet(show: Open, width: int) -> None:
    page = show(recorded.run(recorded.PROGRAMS["module"])[0].trace, width=width)
    names = page.locator(".mg-part-name span").evaluate_all(
        """all => all.map(e => [e.getBoundingClientRect(), e.closest('.mg-part').getBoundingClientRect()])
            .filter(([name, part]) => name.bottom <= part.bottom + 1)
            .map(([name, part]) => name.right <= part.right + 1)"""
    )
    assert len(names) >= 3
    assert all(names)


def test_every_number_has_the_same_minus(show: Open) -> None:
    page = show(recorded.run(recorded.PROGRAMS["descent_by_hand"])[0].trace, step=-1)
    page.locator(".mg-root").focus()
    keys(page, "End")
    page.locator(".mg-node.mg-leaf.mg-on").last.click()
    text = page.evaluate(
        "() => ['step', 'graph', 'tensors'].map(e => document.querySelector(`.mg-${e}`).textContent).join()"
    )
    assert "−10" in text
    assert not re.search(r"-\d", text)


def test_lecture_mode_enlarges_the_type_and_ends_with_escape(show: Open) -> None:
    page = show(product(), width=1600, height=900)
    size = "parseFloat(getComputedStyle(document.querySelector('.mg-text')).fontSize)"
    before = page.evaluate(size)
    page.locator(".mg-root").focus()
    keys(page, "f")
    page.wait_for_function(f"{size} >= 1.5 * {before}")
    keys(page, "ArrowRight")
    assert count(page) == "step 2 of 13"
    keys(page, "f")
    page.wait_for_function(f"{size} === {before}")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1366, 768), (800, 600), (1180, 560)])
@pytest.mark.parametrize("large", [False, True])
def test_no_panel_covers_another(show: Open, width: int, height: int, large: bool) -> None:
    page = show(viz.step(asking_program, predict=["x.grad"]).trace, width=width, height=height)
    page.locator(".mg-root").focus()
    keys(page, *"f" * large)
    for key in ("Home", "ArrowRight", "End"):
        keys(page, key)
        page.wait_for_timeout(100)
        column = [page.locator(f".mg-{name}").bounding_box() for name in ("code", "step", "tensors")]
        for above, below in pairwise(column):
            assert above
            assert below
            assert above["y"] + above["height"] <= below["y"] + 0.5
    question, panel = page.get_by_role("group", name="Predict").bounding_box(), column[1]
    assert question
    assert panel
    assert question["y"] + min(question["height"], panel["height"]) <= panel["y"] + panel["height"] + 1, "scrolled to"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(show: Open, scheme: str) -> None:
    """WCAG AA: 4.5 to 1 for every text the stepper shows."""
    page = show(second_backward(), step=11)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for step in (6, 8, 11):
        page.locator(".mg-root").focus()
        keys(page, "Home", *["ArrowRight"] * (step - 1))
        page.wait_for_timeout(400)
        assert page.evaluate(CONTRAST) == []
    page.emulate_media(color_scheme="null")


CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgb = (colour, under) => { canvas.fillStyle = under; canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
    const css = c => `rgb(${c.join(',')})`;
    const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = e => { const chain = []; for (let p = e; p; p = p.parentElement) chain.unshift(p);
        return chain.reduce((under, p) => rgb(getComputedStyle(p).backgroundColor, css(under)), [255, 255, 255]); };
    const bad = [];
    for (const e of document.querySelectorAll('.mg-root *')) {
        const text = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!text || !e.getClientRects().length || e.closest('.mg-live, :disabled')) continue;
        const style = getComputedStyle(e), svg = e.ownerSVGElement;
        let under = ground(svg ? e.closest('.mg-graph') : e);
        const box = svg && e.parentElement.querySelector(':scope > .mg-box, :scope > .mg-tag');
        if (box && !e.matches('.mg-chip-text')) {
            const fill = getComputedStyle(box), at = rgb(fill.fill, css(under)), a = parseFloat(fill.fillOpacity);
            under = under.map((v, i) => Math.round(v + (at[i] - v) * a));
        }
        const colour = rgb(svg ? style.fill : style.color, css(under));
        const [a, b] = [light(colour), light(under)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) bad.push([ratio.toFixed(2), e.getAttribute('class'), e.textContent.slice(0, 30), css(colour),
            css(under)].join(' '));
    }
    return bad;
}"""


def test_everything_has_a_name_and_a_role(show: Open) -> None:
    page = show(product(), step=7)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.mg-root button, .mg-root [role], .mg-root [tabindex]')]
            .filter(e => !['row', 'cell', 'columnheader', 'heading'].includes(e.getAttribute('role')))
            .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    assert page.locator(".mg-svg [role=button]").first.get_attribute("aria-label") == "x, [2.]  v0, gradient None"
    assert page.locator("[aria-live]").count() == 1


# Large graphs


@pytest.mark.parametrize("nodes", [300, 2600])
def test_a_step_touches_few_elements_however_large_the_graph_is(show: Open, nodes: int) -> None:
    page = show(recurrent(nodes))
    page.wait_for_timeout(300)
    touched = page.evaluate(
        """async () => {
            const root = document.querySelector('.mg-root'), next = root.querySelector('.mg-next'), counts = [];
            const seen = new MutationObserver(() => 0);
            seen.observe(root, {subtree: true, childList: true, attributes: true, characterData: true});
            for (let i = 0; i < 60; i++) { next.click(); counts.push(seen.takeRecords().length); }
            return counts;
        }"""
    )
    assert max(touched) < 150


def test_the_step_is_in_the_picture_wherever_it_happens(show: Open) -> None:
    trace = recurrent(300)
    page = show(trace)
    page.locator(".mg-root").focus()
    for key in ("End", "Home", "PageDown", "End"):
        keys(page, key)
        page.wait_for_timeout(100)
        active = page.locator(".mg-node.mg-now").first.bounding_box()
        pane = page.locator(".mg-scroll").bounding_box()
        assert active
        assert pane
        assert pane["x"] <= active["x"]
        assert active["x"] + active["width"] <= pane["x"] + pane["width"]
        assert pane["y"] <= active["y"]
        assert active["y"] + active["height"] <= pane["y"] + pane["height"]
    assert page.evaluate("document.querySelectorAll('.mg-root *').length") < 3000, "only what is near is drawn"


def test_fit_shows_the_whole_picture(show: Open) -> None:
    page = show(recurrent(60))
    page.locator(".mg-root").focus()
    inside = """() => { const pane = document.querySelector('.mg-scroll');
        return pane.scrollHeight <= pane.clientHeight && pane.scrollWidth <= pane.clientWidth; }"""
    page.wait_for_timeout(100)
    assert not page.evaluate(inside), "at first one can read it"
    keys(page, "0", "ArrowRight")
    page.wait_for_timeout(100)
    assert page.evaluate(inside)
    page.set_viewport_size({"width": 1000, "height": 700})
    page.wait_for_timeout(100)
    assert page.evaluate(inside)
    keys(page, "+", "+")
    assert not page.evaluate(inside)


# In JupyterLab

SHOW = "from viz import Stepper\nfrom tests.viz.samples import inplace, product, second_backward\nStepper({}())"


def test_in_a_notebook_it_survives_reload_and_the_end_of_the_kernel(lab: Any) -> None:
    lab.write("a.ipynb", [SHOW.format("second_backward"), SHOW.format("product")])
    lab.open("a.ipynb")
    lab.run_all()
    stepper = lab.output(0).locator(".mg-root")
    stepper.get_by_role("button", name="Last step").click()
    stepper.get_by_role("button", name="Step back").click()
    for again in (lab.reload, lambda: (lab.shut_down_kernels(), lab.reload())):
        lab.save()
        again()
        expect(stepper.locator(".mg-count")).to_have_text("step 10 of 11")  # where the reader was
        stepper.get_by_role("button", name="Step forward").click()
        assert "a second time" in stepper.locator(".mg-error").inner_text()
        stepper.get_by_role("button", name="Step back").click()
        assert lab.output(1).locator(".mg-count").inner_text() == "step 1 of 13"
    lab.run(0)
    expect(stepper.locator(".mg-count")).to_have_text("step 1 of 11")  # a cell that is run again begins anew
    assert lab.outside == []


KEPT = """
from tests.viz.recorded import LOOP, PROGRAMS, run
import viz
folded, short = run(LOOP)[0], run(PROGRAMS["product"])[0]
"""


def test_in_a_notebook_open_groups_and_two_runs_are_found_as_they_were_left(lab: Any) -> None:
    lab.write("a.ipynb", [KEPT, "folded", "viz.compare(short, short)"])
    lab.open("a.ipynb")
    lab.run_all()
    folds, pair = lab.output(1).locator(".mg-root"), lab.output(2).locator(".mg-pair")
    folds.locator(".mg-last").click()
    folds.locator(".mg-node [aria-expanded=false]").first.press("Enter")
    frames = folds.locator(".mg-frame.mg-on").count()
    assert frames
    pair.locator(".mg-next").first.click()
    expect(pair.locator(".mg-count").first).to_have_text(re.compile("step 2 of"))
    lab.save()
    lab.reload()
    expect(folds.locator(".mg-frame.mg-on")).to_have_count(frames)
    expect(pair.locator(".mg-count").first).to_have_text(re.compile("step 2 of"))


def test_in_a_notebook_every_view_of_a_run_keeps_its_own_place(lab: Any) -> None:
    twice = "from IPython.display import display\nfor _ in range(2): display(short)"
    lab.write("a.ipynb", [KEPT, "short", "short", twice])
    lab.open("a.ipynb")
    lab.run_all()
    cells = [(1, 0), (2, 0), (3, 0), (3, 1)]
    views = [lab.output(cell).locator(".mg-root").nth(n) for cell, n in cells]
    wanted = [4, 1, 2, 6]

    def there() -> None:
        for view, step in zip(views, wanted, strict=True):
            expect(view.locator(".mg-count")).to_have_text(re.compile(f"^step {step} of"))

    for view, step in reversed(list(zip(views, wanted, strict=True))):
        view.focus()
        keys(lab.page, *["ArrowRight"] * (step - 1))
    there()
    lab.save()
    lab.reload()
    there()
    lab.command("application:close")  # and in the same page
    lab.command("docmanager:open", path=f"{lab.folder.name}/a.ipynb")
    lab.wait_ready()
    there()
    lab.run(0)
    lab.run(1)
    wanted[0] = 1
    there()  # the cell that was run begins anew, the others stay
    views[0].focus()
    keys(lab.page, "ArrowRight")
    lab.command("notebook:insert-cell-above")
    lab.save()
    lab.reload()
    expect(lab.output(2).locator(".mg-count")).to_have_text(re.compile("^step 2 of"))


def test_in_a_notebook_its_keys_are_its_own(lab: Any) -> None:
    lab.write("a.ipynb", [SHOW.format("product"), "1 + 1"])
    lab.open("a.ipynb")
    lab.run_all()
    stepper = lab.output(0).locator(".mg-root")
    stepper.locator(".mg-next").click()
    for key in ("ArrowRight", "b", "a", "x", "d", "d", "m", "ArrowDown", "Shift+Enter"):
        lab.page.keyboard.press(key)
    assert stepper.locator(".mg-count").inner_text() == "step 6 of 13"
    assert lab.page.locator(".jp-Notebook-cell").count() == 2
    stepper.locator(".mg-scroll").click(position={"x": 4, "y": 4})
    lab.page.keyboard.press("Home")
    assert stepper.locator(".mg-count").inner_text() == "step 1 of 13"


def test_in_a_notebook_the_picture_grows_with_its_size(lab: Any) -> None:
    lab.write("a.ipynb", [SHOW.format("product")])
    lab.open("a.ipynb")
    lab.run_all()
    stepper = lab.output(0).locator(".mg-root")
    stepper.focus()
    svg, pane = stepper.locator(".mg-svg"), stepper.locator(".mg-scroll")
    width = "svg => svg.getBoundingClientRect().width"
    before = svg.evaluate(width)
    keys(lab.page, "+", "+", "+", "+")
    assert svg.evaluate(width) == pytest.approx(before * 1.25**4, rel=0.02)
    assert svg.evaluate(width) > pane.evaluate("pane => pane.clientWidth")
    keys(lab.page, "0")
    assert svg.evaluate(width) == pytest.approx(before, rel=0.02)


def test_in_a_notebook_its_title_stands_above_it(lab: Any) -> None:
    lab.write("a.ipynb", [SHOW.format("second_backward")])
    lab.open("a.ipynb")
    lab.run_all()
    stepper = lab.output(0).locator(".mg-root")
    name, bar = stepper.get_by_text("backward() a second time", exact=True), stepper.locator(".mg-bar")
    expect(name).to_be_visible()
    assert name.bounding_box()["y"] < bar.bounding_box()["y"]  # type: ignore[index]


def test_in_a_notebook_it_follows_the_theme(lab: Any) -> None:
    lab.write("a.ipynb", [SHOW.format("product")])
    lab.open("a.ipynb")
    lab.run_all()
    light = "parseInt(getComputedStyle(document.querySelector('.mg-root')).backgroundColor.match(/\\d+/)[0])"
    assert lab.page.evaluate(light) > 200
    lab.theme("dark")
    assert lab.page.evaluate(light) < 60
    stepper = lab.output(0).locator(".mg-root")
    stepper.locator(".mg-next").click()
    assert lab.page.evaluate(CONTRAST) == []


def test_in_a_notebook_nobody_trusts_a_picture_is_left(lab: Any) -> None:
    lab.write("a.ipynb", [SHOW.format("inplace")])
    lab.open("a.ipynb")
    lab.run_all()
    lab.save()
    lab.receive("b.ipynb")
    output = lab.output(0)
    expect(output.locator("img")).to_be_visible()
    assert "ending in RuntimeError on line 4" in output.inner_text()
    output.locator("summary").click()
    expect(output.locator("details li").last).to_contain_text("ExpBackward0 refuses")
    assert output.locator(".mg-root, script").count() == 0
    assert output.locator("img").evaluate("image => image.naturalWidth") > 100


def test_as_a_widget_it_shares_its_step_with_python(lab: Any) -> None:
    widget = SHOW.format("product").replace("Stepper(product())", "widget = Stepper(product()).widget\nwidget")
    lab.write("a.ipynb", [widget, "widget.step", "widget.step = 9"])
    lab.open("a.ipynb")
    lab.run(0)
    stepper = lab.output(0).locator(".mg-root")
    stepper.get_by_role("button", name="Step forward").click()
    stepper.get_by_role("button", name="Step forward").click()
    printed = lab.output(1).locator("pre")
    for _ in range(20):  # the kernel hears of one click after the other, and of the second only when it has answered
        lab.run(1)
        if printed.inner_text() == "3":
            break
    expect(printed).to_have_text("3")
    lab.run(2)
    expect(stepper.locator(".mg-count")).to_have_text("step 9 of 13")


# Predicting


def asking_program() -> None:
    import minigrad as torch

    x = torch.tensor([2.0], requires_grad=True)
    y = x * x + x
    y.backward()
    y.backward()


def test_what_comes_is_hidden_until_it_is_predicted_or_shown(show: Open) -> None:
    page = show(viz.step(asking_program, predict=["x.grad", "raises"]).trace)
    page.locator(".mg-root").focus()
    keys(page, "End")
    assert count(page) == "step 3 of ?"
    assert "error" not in page.locator(".mg-track").inner_text().replace("raise an error", "")
    quiz = page.get_by_role("group", name="Predict")
    quiz.get_by_role("button", name="it runs").click()
    field = quiz.get_by_role("textbox")
    field.fill("4")
    keys(page, "Enter")
    expect(quiz).to_contain_text("along one path")
    keys(page, "ArrowRight")  # moves the caret, not the run
    assert count(page) == "step 3 of ?"
    field.fill("[5.]")
    keys(page, "Enter")
    expect(quiz).to_contain_text("Right: 5.")
    expect(page.locator(".mg-score")).to_have_text("1 of 3 predicted")  # the second try does not count
    keys(page, "End")
    quiz.get_by_role("button", name="Show it").click()
    keys(page, "End")
    expect(page.locator(".mg-pill")).to_have_text("error")
    expect(page.locator(".mg-veil")).to_be_hidden()
    assert overflows(page) == []


def changed_program() -> None:
    import minigrad as torch

    x = torch.tensor([2.0], requires_grad=True)
    y = x.exp()
    z = y.sum()
    y.mul_(3)
    z.backward()
    print(y)


def test_nothing_of_the_picture_gives_the_answer_away(show: Open) -> None:
    run = viz.step(changed_program, predict=["raises"])
    page = show(run.trace)
    page.locator(".mg-root").focus()
    keys(page, "End")
    at = len(run.trace.steps) - 2  # the question stands before backward(), which raises
    assert count(page) == f"step {at - 1} of ?"
    assert page.get_by_role("slider").get_attribute("aria-valuemax") == str(at - 1)
    assert page.locator(".mg-part").evaluate_all("all => all.map(e => e.title)") == [f"forward: steps 1 to {at - 1}"]
    curve = page.locator(".mg-spark path").get_attribute("d") or ""
    assert curve.count("L") == at - 1
    quiz = page.get_by_role("group", name="Predict")
    assert not page.get_by_role("button", name="Step forward").is_enabled()
    invites = "e => [e.title, e.firstChild.title, getComputedStyle(e).cursor, getComputedStyle(e).color]"
    fails, never = (page.locator(".mg-line").filter(has_text=text) for text in ("z.backward()", "print(y)"))
    assert fails.evaluate(invites) == never.evaluate(invites), "what runs looks like what does not"
    quiz.get_by_role("button", name="it raises an error").click()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuemax", str(len(run.trace.steps)))


def test_in_a_notebook_the_traceback_waits_for_the_answer(lab: Any) -> None:
    cell = """%%step --predict raises
x = torch.tensor([2.0], requires_grad=True)
print("before")
(x * 2).exp_().backward()
(x + torch.tensor([1.0, 2.0])).backward()"""
    lab.write("a.ipynb", ["%load_ext viz\nimport minigrad as torch", cell])
    lab.open("a.ipynb")
    lab.run(0)
    lab.run(1)
    printed = lab.output(1).get_by_text("before", exact=True)
    expect(lab.output(1).locator(".mg-root")).to_be_visible()
    expect(lab.output(1).get_by_text("Traceback")).to_be_hidden()
    expect(printed).to_be_hidden()
    lab.output(1).locator(".mg-root").focus()
    for answer in ("it runs", "it raises an error"):
        keys(lab.page, "End")
        lab.output(1).get_by_role("button", name=answer).click()
    expect(lab.output(1).get_by_text("Traceback")).to_be_visible()
    expect(printed).to_be_visible()


def test_what_is_no_number_or_too_many_is_no_try(show: Open) -> None:
    page = show(viz.step(asking_program, predict=["x.grad"]).trace)
    page.locator(".mg-root").focus()
    keys(page, "End")
    quiz = page.get_by_role("group", name="Predict")
    for given, says in (("five", "Write a number"), ("5 5", "1 number"), ("5", "Right: 5.")):
        quiz.get_by_role("textbox").fill(given)
        keys(page, "Enter")
        expect(quiz).to_contain_text(says)
    expect(page.locator(".mg-score")).to_have_text("1 of 1 predicted")


def test_answers_are_kept_when_the_page_is_loaded_again(show: Open) -> None:
    page = show(viz.step(asking_program, predict=["x.grad", "raises"]).trace)
    page.locator(".mg-root").focus()
    keys(page, "End")
    quiz = page.get_by_role("group", name="Predict")
    quiz.get_by_role("button", name="it runs").click()
    expect(page.locator(".mg-score")).to_have_text("1 of 3 predicted")
    page.wait_for_function("location.hash === '#step-3'")
    page.reload()
    assert count(page) == "step 3 of ?"
    expect(page.locator(".mg-score")).to_have_text("1 of 3 predicted")
    expect(quiz.get_by_role("textbox")).to_be_visible()  # the second question of the same step


def test_two_runs_step_together(browser: BrowserContext, tmp_path: Path) -> None:
    viz.compare(product(), second_backward(), ["a", "b"]).to_html(tmp_path / "pair.html")
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((tmp_path / "pair.html").as_uri())
    both = page.locator(".mg-side .mg-count")
    page.locator(".mg-pair").focus()
    keys(page, "End")
    assert [text.split()[1] == text.split()[-1] for text in both.all_inner_texts()] == [True, True]
    keys(page, "Home", "ArrowRight")
    assert count(page).startswith("step 2 of")
    page.get_by_role("slider", name="Step").first.focus()
    keys(page, "ArrowRight")
    assert count(page).startswith("step 3 of")
    assert page.locator(".mg-side").nth(1).bounding_box()["x"] > 600  # type: ignore[index]
    page.set_viewport_size({"width": 600, "height": 900})
    assert page.locator(".mg-side").nth(1).bounding_box()["x"] < 100  # type: ignore[index]
    page.close()


def test_in_one_of_two_runs_the_arrows_walk_in_its_graph(browser: BrowserContext, tmp_path: Path) -> None:
    viz.compare(product(), second_backward(), ["a", "b"]).to_html(tmp_path / "pair.html")
    page = browser.new_page()
    page.goto((tmp_path / "pair.html").as_uri())
    page.locator(".mg-pair").focus()
    keys(page, "End")
    page.locator(".mg-side .mg-root").nth(1).focus()
    before = count(page)
    while not page.evaluate("!!document.activeElement.closest('.mg-scroll')"):
        keys(page, "Tab")
    keys(page, *["ArrowLeft"] * 9)
    assert focused(page).startswith("x, ")
    keys(page, "ArrowRight", "Enter")
    assert page.locator(".mg-side").nth(1).locator(".mg-picked .mg-label").text_content() == "MulBackward0"
    assert count(page) == before
    keys(page, "Escape", "Escape", "ArrowLeft")
    assert count(page) != before
    page.close()


def test_every_way_to_step_moves_both_runs(browser: BrowserContext, tmp_path: Path) -> None:
    comparison = viz.compare(product(), second_backward(), ["a", "b"])
    comparison.to_html(tmp_path / "pair.html")
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((tmp_path / "pair.html").as_uri())
    sides = page.locator(".mg-side .mg-root")

    def place() -> int:
        """Where the common timeline is; both sides are there with it."""
        at = int(count(page).split()[1])
        shown = [int(text.split()[1]) - 1 for text in page.locator(".mg-side .mg-count").all_inner_texts()]
        assert tuple(shown) == tuple(comparison.pairs[at - 1])
        return at

    for focus in (page.locator(".mg-pair"), sides.nth(0), sides.nth(1)):
        focus.focus()
        keys(page, "Home")
        assert place() == 1
        for key in ("PageDown", "ArrowDown", "ArrowRight"):
            before = place()
            keys(page, key)
            assert place() > before, key
        for key in ("ArrowUp", "PageUp"):
            before = place()
            keys(page, key)
            assert place() < before, key
        keys(page, "Home", "?")
        expect(page.locator(".mg-keys:visible")).to_have_count(1)
        keys(page, "?")
        expect(page.locator(".mg-keys:visible")).to_have_count(0)
        focus.focus()
        keys(page, " ")
        expect(page.locator(".mg-count").first).to_have_text(re.compile("^step 2 of"), timeout=10_000)
        keys(page, " ")
        assert place() == 2
    keys(page, "End", " ")
    page.wait_for_timeout(100)
    assert place() == 1, "played anew"
    keys(page, " ")
    sides.nth(1).locator("button.mg-line").last.click()
    assert place() > 1
    page.close()


# Folding


@pytest.fixture(scope="module")
def loop() -> Trace:
    return place(recorded.run(recorded.LOOP)[0].trace)


def shown_boxes(page: Page) -> list[str]:
    return page.locator(".mg-node.mg-on .mg-label").all_text_contents()


def open_frames(page: Page) -> list[str]:
    return page.locator(".mg-frame.mg-on .mg-frame-head text").all_text_contents()


def test_a_folded_run_opens_where_it_is_clicked_and_folds_again(show: Open, loop: Trace) -> None:
    page = show(loop, step=len(loop.steps))
    assert open_frames(page) == ["× 30"]
    assert "TanhBackward0" not in shown_boxes(page)
    page.get_by_role("button", name=re.compile("^iterations 6 to 10")).click()
    page.get_by_role("button", name=re.compile("^iteration 7,")).focus()
    keys(page, "Enter")
    assert open_frames(page) == ["× 30", "iterations 6 to 10", "iteration 7"]
    assert shown_boxes(page).count("TanhBackward0") == 1
    expect(page.get_by_role("button", name="iteration 7: fold")).to_be_focused()
    keys(page, "Enter")
    assert open_frames(page) == ["× 30", "iterations 6 to 10"]
    page.get_by_role("button", name="× 30: fold").click()
    assert open_frames(page) == []
    assert "× 30" in shown_boxes(page)


def test_a_closed_group_is_active_when_one_of_its_nodes_is(show: Open, loop: Trace) -> None:
    number = next(k for k, step in enumerate(loop.steps, 1) if step.title.startswith("TanhBackward0 passes"))
    page = show(loop, step=number)
    active = page.locator(".mg-node.mg-now")
    assert active.locator(".mg-label").all_text_contents() == ["iterations 26 to 30"]
    assert "iteration 30" in (active.locator(".mg-small").first.text_content() or "")
    assert "TanhBackward0" in page.locator(".mg-title").inner_text()
    page.locator(".mg-root").focus()
    keys(page, "o")
    assert page.locator(".mg-node.mg-now .mg-label").all_text_contents() == ["iteration 30"]
    keys(page, "o")
    assert page.locator(".mg-node.mg-now .mg-label").all_text_contents() == ["TanhBackward0"]
    keys(page, "O", "O")
    assert page.locator(".mg-node.mg-now .mg-label").all_text_contents() == ["iterations 26 to 30"]


def test_gradients_stand_on_the_edges_that_cross_a_groups_border(show: Open, loop: Trace) -> None:
    last = max(k for k, step in enumerate(loop.steps, 1) if step.kind == "node")
    page = show(loop, step=last)
    inside = {node.id: node.label for node in loop.nodes}
    links = [link for link in loop.links if link.target == "g0" and inside.get(link.source) in ("w", "b")]
    edges = {edge.id: edge.gradient for edge in loop.at(last).edges}
    assert len(links) == 2
    texts_ = page.locator(".mg-grad:not([hidden])").all_text_contents()
    for link in links:
        assert {edges[name] for name in link.edges} & set(texts_)


def test_stepping_in_a_folded_run_there_and_back_gives_the_same_pictures(show: Open, loop: Trace) -> None:
    page = show(loop)
    root = page.locator(".mg-root")
    root.focus()
    seen = []
    keys(page, "End")
    page.get_by_role("button", name=re.compile("^iterations 1 to 5")).click()
    root.focus()
    keys(page, "Home")
    for _ in range(10):
        seen.append(picture(page))
        keys(page, "ArrowRight")
    keys(page, "End", "Home", *["ArrowRight"] * 10)
    for before in reversed(seen):
        keys(page, "ArrowLeft")
        assert picture(page) == before


def test_an_error_in_a_folded_run_marks_its_group(show: Open) -> None:
    trace = place(recorded.run(recorded.LOOP.replace("loss = h.sum()", "loss = h.sum() + d.mul_(2).sum()"))[0].trace)
    page = show(trace, step=len(trace.steps))
    assert page.locator(".mg-pill").inner_text() == "error"
    assert page.locator(".mg-failed .mg-label").all_text_contents() == ["iterations 26 to 30"]


# Another language


def test_in_another_language_no_english_is_left(show: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def foreign(text: str) -> str:
        parts = re.split(r"(\{\w+\})", text)
        return "".join(part if part.startswith("{") else re.sub("[A-Za-z]", "ŵ", part) for part in parts)

    monkeypatch.setitem(texts.LANGUAGES, "pseudo", {key: foreign(text) for key, text in texts.EN.items()})
    texts.use("pseudo")
    try:
        page = show(recorded.run(recorded.PROGRAMS["changed_in_place"])[0].trace)
    finally:
        texts.use("en")
    page.locator(".mg-root").focus()
    seen: set[str] = set()
    for key in ("Home", "ArrowRight", "End", "?", "Escape"):
        keys(page, key)
        seen |= set(page.evaluate(SAID))
    page.locator(".mg-node.mg-on").first.click()
    seen |= set(page.evaluate(SAID))
    assert len(seen) > 60
    left = (re.sub(r"\w+Backward0|y\.\w+\(\)|sum\(y\)|^(Add|Sum|Exp|Backward0)$", "", text) for text in seen)
    english = {word for text in left for word in re.findall(r"[A-Za-z]{3,}", text)}
    assert english <= {
        "Home",
        "End",
        "PgDn",
        "PgUp",
        "Esc",
        "Tab",
        "Enter",
        "Shift",
        "None",
        "RuntimeError",
        "grad",
        "dtype",
        "float",
        "exp",
    }


# All texts, titles and labels but the code, the tensors' names and the error's own words.
SAID = """() => { const own = '.mg-code, .mg-error p, .mg-mono, .mg-formulas, .mg-live, .mg-title';
    const root = document.querySelector('.mg-root'), all = [root, ...root.querySelectorAll('*')];
    const labels = e => ['title', 'aria-label', 'placeholder'].map(name => e.getAttribute(name));
    const words = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data);
    return all.filter(e => !e.closest(own)).flatMap(e => [...labels(e), ...words(e)]).filter(t => t && t.trim()); }"""


# Without eyes: the rules of axe-core


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def test_axe_finds_nothing_to_object_to_in_a_folded_run(show: Open, loop: Trace) -> None:
    page = show(loop, step=len(loop.steps))
    assert violations(page) == []
    page.get_by_role("button", name=re.compile("^iterations 6 to 10")).click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_object_to(show: Open, scheme: Literal["light", "dark"]) -> None:
    page = show(second_backward(), viz.step(asking_program, predict=True).trace, matrices())
    page.emulate_media(color_scheme=scheme)
    for key in ("Home", "PageDown", "End", "?"):
        page.locator(".mg-root").first.focus()
        keys(page, key)
        assert violations(page) == []
    keys(page, "Escape")
    page.locator(".mg-node.mg-on").first.click()
    assert violations(page) == []


def test_axe_finds_nothing_to_object_to_in_a_comparison(browser: BrowserContext, tmp_path: Path) -> None:
    viz.compare(product(), second_backward(), ["a", "b"]).to_html(tmp_path / "pair.html")
    page = browser.new_page()
    page.goto((tmp_path / "pair.html").as_uri())
    assert violations(page) == []
    page.close()
