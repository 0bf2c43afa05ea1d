"""Sliders on a picture as a reader meets them: in JupyterLab, today and tomorrow, and in a page made of a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import BrowserContext, Locator, Page, expect

from .conftest import Lab

DRAW = """
import matplotlib.pyplot as plt
from viz.explorers import explore

plt.style.use("viz.course")


def line(slope, n=2):
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.plot([k / (n - 1) for k in range(n)], [slope * k / (n - 1) for k in range(n)], ".-")
    axes.set_ylim(0, 3)
    return figure, f"It rises by {slope} in {n} points."
"""
ONE = "explore(line, slope=[0.5, 1, 2, 3], start={'slope': 1})"
TWO = "explore(line, slope=[1, 2], n=[2, 3, 4])"
EXPLORER = ".mg-explorer"


def slider(explorer: Locator, name: str = "slope") -> Locator:
    return explorer.get_by_role("slider", name=name)


def source(explorer: Locator) -> str:
    return explorer.locator("img").get_attribute("src") or ""


def moves_by_every_key(page: Page, explorer: Locator) -> None:
    one = slider(explorer)
    shown = {}
    one.focus()
    for key, label in [("Home", "0.5"), ("ArrowRight", "1"), ("ArrowUp", "2"), ("End", "3"), ("ArrowLeft", "2")]:
        page.keyboard.press(key)
        expect(one).to_have_attribute("aria-valuetext", label)
        expect(explorer.locator(".mg-explore-value")).to_have_text(label)
        expect(explorer.locator("[aria-live=polite]")).to_have_text(f"It rises by {label} in 2 points.")
        expect(explorer.locator("img")).to_have_attribute("alt", f"picture at slope = {label}")
        assert explorer.locator("img").evaluate("image => image.complete && image.naturalWidth > 300")
        assert shown.setdefault(label, source(explorer)) == source(explorer)
    assert len(set(shown.values())) == 4


def sources(lab: Lab) -> list[str]:
    found: list[str] = lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.sharedModel.getSource())"
    )
    return found


def test_sliders_move_in_the_notebook_and_again_when_the_kernel_is_gone(lab: Lab) -> None:
    lab.write("slider.ipynb", [DRAW, ONE, TWO])
    lab.open("slider.ipynb")
    lab.run_all()
    explorer = lab.output(1).locator(EXPLORER)
    expect(slider(explorer)).to_have_attribute("aria-valuetext", "1")
    moves_by_every_key(lab.page, explorer)
    expect(lab.page.locator(".jp-OutputArea-output img")).to_have_count(2)  # no figure is shown beside its slider

    both = lab.output(2).locator(EXPLORER)
    first = source(both)
    slider(both, "n").focus()
    lab.page.keyboard.press("End")
    expect(both.locator("[aria-live=polite]")).to_have_text("It rises by 1 in 4 points.")
    slider(both, "slope").focus()
    lab.page.keyboard.press("End")
    expect(both.locator("[aria-live=polite]")).to_have_text("It rises by 2 in 4 points.")
    assert source(both) != first

    before = sources(lab)
    for key in "abddxvzmyii00":  # in JupyterLab's command mode they insert, delete, cut, interrupt, restart
        lab.page.keyboard.press(key)
    assert sources(lab) == before
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)

    lab.theme("dark")
    assert both.evaluate("root => getComputedStyle(root).colorScheme") == "dark"
    lab.screenshot("explorer-dark", lab.output(1))
    lab.save()
    lab.shut_down_kernels()
    lab.reload()
    moves_by_every_key(lab.page, explorer)
    lab.theme("light")
    assert lab.outside == []
    assert [line for line in lab.console if line.startswith("exception")] == []


def test_a_notebook_that_is_not_trusted_shows_the_still_picture(lab: Lab) -> None:
    lab.write("slider.ipynb", [DRAW, ONE])
    lab.open("slider.ipynb")
    lab.run_all()
    lab.save()
    lab.receive("other.ipynb")
    still = lab.output(1).locator("img")
    expect(still).to_be_visible()
    assert still.evaluate("image => image.naturalWidth > 300")
    expect(lab.output(1)).to_contain_text("It rises by 1 in 2 points. Shown at slope = 1. Run the cell")
    expect(lab.output(1).locator(EXPLORER)).to_have_count(0)


Open = Callable[..., Page]


@pytest.fixture
def exported(browser: BrowserContext, tmp_path: Path) -> Iterator[Open]:
    """The page nbconvert makes of a notebook with explorers, as from a file: no kernel, no network."""
    cells = []
    names: dict[str, Any] = {}
    exec(DRAW, names)
    for code in (ONE, TWO):
        output = nbformat.v4.new_output("display_data", data=eval(code, names)._repr_mimebundle_())
        cells.append(nbformat.v4.new_code_cell(code, outputs=[output], execution_count=1))
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    file = tmp_path / "page.html"
    file.write_text(f'<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>{body}</main>', "utf-8")
    complaints: list[str] = []
    opened = []

    def open_page(width: int = 1000, look: str = "") -> Page:
        page = browser.new_page()
        opened.append(page)
        page.set_viewport_size({"width": width, "height": 800})
        page.on("request", lambda r: complaints.extend([r.url] * (not r.url.startswith(("data:", file.as_uri())))))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(file.as_uri())
        page.evaluate("look => { document.body.style.cssText = look; }", look)
        return page

    yield open_page
    for page in opened:
        page.close()
    assert complaints == []


def test_sliders_move_in_an_exported_page_and_do_not_meet(exported: Open) -> None:
    page = exported()
    one, two = page.locator(EXPLORER).all()
    moves_by_every_key(page, one)
    expect(two.locator("[aria-live=polite]")).to_have_text("It rises by 1 in 2 points.")
    box = slider(two, "n").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(two.locator("[aria-live=polite]")).to_have_text("It rises by 1 in 4 points.")
    expect(slider(two, "n")).to_have_attribute("aria-valuetext", "4")


@pytest.mark.parametrize("look", ["background: #fff; color: #222", "background: #111; color: #ddd"])
def test_usable_without_eyes_and_on_a_narrow_page(exported: Open, look: str) -> None:
    page = exported(width=480, look=look)
    expect(page.locator(EXPLORER)).to_have_count(2)
    found = Axe().run(page, context=EXPLORER)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_where_no_script_runs_the_picture_at_the_start_stays(exported: Open, browser: BrowserContext) -> None:
    address = exported().url
    assert browser.browser
    with browser.browser.new_context(java_script_enabled=False) as quiet:
        page = quiet.new_page()
        page.goto(address)
        expect(page.locator("img")).to_have_count(2)
        expect(page.locator("img").first).to_be_visible()
        expect(page.get_by_text("It rises by 1 in 2 points. Shown at slope = 1.").first).to_be_visible()
