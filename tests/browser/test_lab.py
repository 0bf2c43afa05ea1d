"""The rig itself, and what JupyterLab does with a widget after its kernel is gone: steppers build on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import Lab

COUNTER = '''
import anywidget
import traitlets


class Counter(anywidget.AnyWidget):
    _esm = """
    export default { render({ model, el }) {
        const button = document.createElement("button");
        button.className = "counter";
        const show = () => { button.textContent = `count is ${model.get("value")}`; };
        button.onclick = () => { model.set("value", model.get("value") + 1); model.save_changes(); };
        model.on("change:value", show);
        show();
        el.append(button);
    } };
    """
    value = traitlets.Int(0).tag(sync=True)

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": '<b class="still">a still picture</b>'}, metadata


counter = Counter()
counter
'''


def test_a_widget_runs_is_saved_and_works_again_without_being_run(lab: Lab) -> None:
    lab.write("counter.ipynb", [COUNTER, "counter.value"])
    lab.open("counter.ipynb")
    lab.run_all()
    button = lab.output(0).locator("button.counter")
    expect(button).to_have_text("count is 0")

    button.click()
    button.click()
    expect(button).to_have_text("count is 2")
    lab.run(1)
    expect(lab.output(1).locator("pre")).to_have_text("2")  # the kernel has heard of the clicks

    lab.save()
    lab.reload()
    expect(button).to_have_text("count is 2")

    lab.shut_down_kernels()
    lab.reload()
    expect(button).to_have_text("count is 2")
    button.click()
    expect(button).to_have_text("count is 3")
    assert lab.outside == []


def test_an_untrusted_notebook_shows_the_still_picture_until_it_is_trusted(lab: Lab) -> None:
    lab.write("counter.ipynb", [COUNTER])
    lab.open("counter.ipynb")
    lab.run_all()
    lab.save()
    notebook = lab.read()
    notebook.cells[0].source += "\n# changed by somebody else"
    lab.shut_down_kernels()

    lab.store("other.ipynb", notebook)
    lab.open("other.ipynb")
    expect(lab.output(0).locator("b.still")).to_be_visible()
    expect(lab.output(0).locator("button.counter")).to_have_count(0)

    lab.trust("other.ipynb")
    lab.reload()
    expect(lab.output(0).locator("button.counter")).to_have_text("count is 0")


def test_a_theme_is_light_or_dark(lab: Lab) -> None:
    lab.write("empty.ipynb", [])
    lab.open("empty.ipynb")
    background = "() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim()"
    lab.theme("dark")
    dark = lab.page.evaluate(background)
    lab.theme("light")
    assert lab.page.evaluate(background) != dark
