"""The rig itself, and steppers in other front ends: Notebook 7, VS Code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import BrowserContext, Frame, Locator, Page, expect

from tests.viz.samples import product, second_backward
from viz import Stepper, page

from .conftest import TIMEOUT

if TYPE_CHECKING:
    from .conftest import Lab


def test_a_theme_is_light_or_dark(lab: Lab) -> None:
    lab.write("empty.ipynb", [])
    lab.open("empty.ipynb")
    background = "() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim()"
    lab.theme("dark")
    dark = lab.page.evaluate(background)
    lab.theme("light")
    assert lab.page.evaluate(background) != dark


# Steppers in Notebook 7 and in VS Code


def step_to_the_end(stepper: Locator, steps: int) -> None:
    """Step by step with the button, as a reader does."""
    for k in range(2, steps + 1):
        stepper.get_by_role("button", name="Step forward").click()
        expect(stepper.locator(".mg-count")).to_have_text(f"step {k} of {steps}")
    expect(stepper.get_by_role("button", name="Step forward")).to_be_disabled()


def test_in_notebook_7_a_stored_stepper_and_one_that_is_run(lab: Lab) -> None:
    pytest.importorskip("notebook", minversion="7")
    stored = nbformat.v4.new_code_cell("stored")
    stored.execution_count = 1
    bundle = Stepper(second_backward())._repr_mimebundle_()
    stored.outputs = [nbformat.v4.new_output("execute_result", bundle, execution_count=1)]
    run = nbformat.v4.new_code_cell(
        "from viz import Stepper\nfrom tests.viz.samples import product\nStepper(product())"
    )
    notebook = nbformat.v4.new_notebook(cells=[stored, run])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    lab.store("seven.ipynb", notebook)
    lab.trust("seven.ipynb")

    lab.page.goto(f"{lab.server.url}/notebooks/{lab.folder.name}/seven.ipynb?token={lab.server.token}")
    outputs = lab.page.locator(".jp-Cell-outputArea")
    first = outputs.nth(0).locator(".mg-root")
    expect(first.locator(".mg-count")).to_have_text("step 1 of 11", timeout=TIMEOUT)
    assert lab.page.locator("body[data-notebook='notebooks']").count() == 1, "this is Notebook 7"
    step_to_the_end(first, 11)
    assert "a second time" in first.locator(".mg-error").inner_text()

    lab.page.locator(".jp-Notebook-cell").nth(1).locator(".cm-content").click()
    lab.page.keyboard.press("Control+Enter")
    second = outputs.nth(1).locator(".mg-root")
    expect(second.locator(".mg-count")).to_have_text("step 1 of 13", timeout=TIMEOUT)
    second.focus()
    lab.page.keyboard.press("b")  # a breakpoint, and no new cell
    lab.page.keyboard.press("End")
    expect(second.locator(".mg-count")).to_have_text("step 13 of 13")
    assert lab.page.locator(".jp-Notebook-cell").count() == 2
    assert lab.outside == []


# What VS Code's notebook renderer does with text/html: it stands alone in a frame of another origin, and every script
# is made again, put at the end of the output and taken away.
VS_CODE = """<!doctype html><body class="vscode-dark"><div id="outputs"></div><script>
addEventListener("message", event => {
    const output = document.createElement("div");
    document.getElementById("outputs").append(output);
    output.innerHTML = event.data;
    for (const old of [...output.getElementsByTagName("script")]) {
        const script = document.createElement("script");
        script.text = old.innerText;
        output.appendChild(script).parentNode.removeChild(script);
    }
});
</script></body>"""


@pytest.fixture
def vs_code(browser: BrowserContext) -> Iterator[Frame]:
    """A frame such as VS Code shows outputs in: no Jupyter, no RequireJS, no storage."""
    window = browser.new_page()
    window.set_content('<iframe sandbox="allow-scripts" style="width:1100px;height:900px"></iframe>')
    window.locator("iframe").evaluate("(frame, text) => { frame.srcdoc = text; }", VS_CODE)
    window.wait_for_function("() => document.querySelector('iframe').contentWindow.length === 0")
    frame = window.frames[1]
    frame.wait_for_selector("#outputs", state="attached")
    yield frame
    window.close()


def send(frame: Frame, html: str) -> None:
    frame.page.locator("iframe").evaluate("(frame, html) => frame.contentWindow.postMessage(html, '*')", html)


def test_as_vs_code_shows_html_it_steps_to_the_end(vs_code: Frame) -> None:
    complaints: list[str] = []
    vs_code.page.on("pageerror", lambda error: complaints.append(str(error)))
    assert vs_code.evaluate("() => typeof require === 'undefined' && typeof jupyterapp === 'undefined'")
    for trace in (product(), second_backward()):
        send(vs_code, Stepper(trace)._repr_mimebundle_()["text/html"])
    steppers = vs_code.locator(".mg-root")
    expect(steppers).to_have_count(2)
    step_to_the_end(steppers.nth(0), 13)
    step_to_the_end(steppers.nth(1), 11)
    assert steppers.nth(0).locator(".mg-count").inner_text() == "step 13 of 13"
    dark = steppers.nth(0).evaluate("root => getComputedStyle(root).colorScheme")
    assert dark == "dark"
    assert complaints == []


# The messages of the widget: its whole state when it is opened, then what changed, in both directions.
MODEL = """async ([state, code]) => {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const { default: widget } = await import(url);
    const heard = {}, sent = [], dirty = {};
    const model = {
        get: name => state[name],
        set: (name, value) => { state[name] = value; dirty[name] = value; },
        save_changes: () => { sent.push({ method: "update", state: { ...dirty } }); },
        on: (name, call) => { (heard[name] = heard[name] || []).push(call); },
        off: (name, call) => { heard[name] = (heard[name] || []).filter(one => one !== call); },
    };
    const el = document.body.appendChild(document.createElement("div"));
    window.end = widget.render({ model, el });
    window.sent = sent;
    window.receive = update => { Object.assign(state, update);
        for (const name of Object.keys(update)) for (const call of heard[`change:${name}`] || []) call(); };
}"""


def test_as_vs_code_shows_a_widget_it_follows_the_messages(browser: BrowserContext) -> None:
    widget = Stepper(product(), step=2).widget
    state = {name: value for name, value in widget.get_state().items() if name in ("trace", "step", "texts")}
    window: Page = browser.new_page()
    window.goto("about:blank")
    window.evaluate(MODEL, [json.loads(json.dumps(state)), page.program("stepper")])
    stepper = window.locator(".mg-root")
    expect(stepper.locator(".mg-count")).to_have_text("step 2 of 13")
    stepper.get_by_role("button", name=re.compile("^Step forward")).click()
    assert window.evaluate("() => sent") == [{"method": "update", "state": {"step": 3}}]
    window.evaluate("() => receive({ step: 9 })")
    expect(stepper.locator(".mg-count")).to_have_text("step 9 of 13")
    assert len(window.evaluate("() => sent")) == 1, "what came from Python is not sent back"
    for _ in range(4):
        stepper.get_by_role("button", name="Step forward").click()
    expect(stepper.get_by_role("button", name="Step forward")).to_be_disabled()
    window.evaluate("trace => receive({ trace })", Stepper(second_backward()).trace.to_dict())
    expect(stepper.locator(".mg-count")).to_have_text("step 11 of 11")
    window.evaluate("() => end()")
    expect(stepper).to_have_count(0)
    window.close()
    widget.close()
