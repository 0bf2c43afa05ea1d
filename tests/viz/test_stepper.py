"""The stepper's output: HTML that needs nothing else, is the same every time, and has the learner's texts as texts."""

from __future__ import annotations

import base64
import gzip
import html
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.viz.samples import SAMPLES, inplace, product, recurrent, second_backward
from viz import page
from viz.place import place
from viz.stepper import Stepper
from viz.still import MOST_NODES, MOST_STEPS, still, summary, svg
from viz.trace import Question, Trace
from viz.widget import StepperWidget


def html_of(trace: Trace) -> str:
    return Stepper(trace)._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("name", SAMPLES)
def test_output_is_the_same_every_time(name: str) -> None:
    assert Stepper(SAMPLES[name]())._repr_mimebundle_() == Stepper(SAMPLES[name]())._repr_mimebundle_()


def test_output_holds_no_reference_to_the_kernel() -> None:
    assert sorted(Stepper(product())._repr_mimebundle_()) == ["text/html", "text/plain"]


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        (product(), "Stepper: 13 steps, 4 lines"),
        (inplace(), "Stepper: 7 steps, 4 lines, ending in RuntimeError on line 4"),
        (Trace(source=["pass"], steps=product().steps[:1]), "Stepper: 1 step, 1 line"),
        (Trace(source=[], steps=[]), "Stepper: 0 steps, 0 lines"),
    ],
)
def test_text_says_how_long_it_is_and_how_it_ends(trace: Trace, text: str) -> None:
    assert summary(trace) == text


def test_repr_is_the_text() -> None:
    assert repr(Stepper(product())) == Stepper(product())._repr_mimebundle_()["text/plain"] == summary(product())


def test_opens_at_a_step() -> None:
    assert "{ step: 8 }" in Stepper(product(), step=8)._repr_mimebundle_()["text/html"]
    assert Stepper(product(), step=99).step == 13
    assert Stepper(product(), step=-1).step == 13
    assert Stepper(product(), step=-99).step == 1


def test_asks_nothing_of_the_network() -> None:
    for text in (html_of(product()), page.to_html(product())):
        addresses = set(re.findall(r"https?://[^\s\"'`)<>]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
        assert not re.search(
            r"<(link|iframe|object|embed)|\bsrc=\"(?!data:)|url\(|@import|\bimport\b *[({*\"']|fetch\(", text
        )


EVIL = "</script><script>alert(1)</script><!-- \u2028 ]]> <img src=x onerror=alert(2)> & \"'"


def test_texts_of_the_learner_cannot_end_the_script() -> None:
    trace = product()
    trace.source[0] = trace.title = trace.nodes[0].label = trace.steps[0].text = EVIL
    trace.tensors[0].name = EVIL
    for text in (html_of(trace), page.to_html(trace)):
        assert "alert(1)</script>" not in text
        assert "<img src=x" not in text
        assert text.count("<script") == text.count("</script") == 2


def test_comparing_outputs_can_leave_the_program_out() -> None:
    parts = re.sub(r'(?s)<(script|style) class="mg-(program|look)">.*?</\1>', "", html_of(product()))
    assert len(parts) < 20_000
    assert "MulBackward0 passes the gradient" in parts


def test_slimming_takes_only_comments_and_indentation() -> None:
    text = "/** note\n * @type {x}\n */\n  // why\n  a(1); // stays\n\n/** @type {T} */ (b);\n  c = `x`; /* stays */\n"
    assert page.slim(text) == "a(1); // stays\n/** @type {T} */ (b);\nc = `x`; /* stays */\n"


def test_program_and_look_are_small() -> None:
    together = page.program("stepper") + page.static("stepper.css")
    assert len(gzip.compress(together.encode())) <= 60_000


def test_program_imports_nothing_and_makes_no_markup_of_data() -> None:
    text = page.program("stepper")
    assert not re.search(
        r"^\s*import\b|\bimport\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text, re.M
    )
    assert not re.search(r"document\.(querySelector|getElementBy)|\bid:|\.id =", re.sub(r"@typedef.*|\*.*", "", text))


def test_every_class_is_ours() -> None:
    css = re.sub(r"/\*.*?\*/", "", page.static("stepper.css"), flags=re.S)
    selectors = " ".join(re.findall(r"[^{}]+(?=\{)", css))
    classes = set(re.findall(r"\.([A-Za-z][\w-]*)", selectors))
    assert {name for name in classes if not name.startswith("mg-")} <= {
        "vscode-dark",
        "vscode-light",
        "vscode-high-contrast",
        "jp-OutputArea-child",
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_still_picture_is_an_image_that_shows_the_last_state(name: str) -> None:
    trace = place(SAMPLES[name]())
    found = re.search(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)">', still(trace))
    assert found
    assert found[1] == summary(trace)
    root = ET.fromstring(base64.b64decode(found[2]))
    texts = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    last = trace.at(len(trace.steps))
    assert {node.label for node in last.nodes if node.visible} <= texts
    assert {edge.gradient for edge in last.edges if edge.gradient} <= texts


def test_still_picture_survives_what_the_learner_writes() -> None:
    trace = place(product())
    trace.nodes[0].label = trace.edges[0].gradient = EVIL + "\x00\x0b\ud800"
    ET.fromstring(svg(trace).encode())


def test_the_steps_are_told_in_words_where_no_script_runs() -> None:
    trace = SAMPLES["product"]()
    place(trace)
    told = re.findall("<li>(.*?)</li>", still(trace))
    assert len(told) == len(trace.steps)
    assert html.unescape(told[-1]).startswith(trace.steps[-1].title)
    trace.steps *= 20
    assert f"<li>and {len(trace.steps) - MOST_STEPS} more</li>" in still(trace)


def test_what_is_asked_is_not_told_where_no_script_runs() -> None:
    trace = place(second_backward())
    trace.questions = [Question(8, "Will it raise?", "yes", ["yes", "no"])]
    assert summary(trace) == "Stepper: 11 steps, 4 lines"
    assert len(re.findall("<li>", still(trace))) == 8 + 1
    assert "RuntimeError" not in still(trace) + svg(trace)


def test_a_large_run_has_no_still_picture() -> None:
    trace = place(recurrent(100))
    assert len(trace.nodes) > MOST_NODES
    assert "<img" not in still(trace)
    assert summary(trace) in still(trace)


def test_page_is_written_to_a_file(tmp_path: Path) -> None:
    trace = second_backward()
    Stepper(trace).to_html(tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>backward() a second time</title>" in text


def test_places_what_is_not_placed_and_leaves_what_is() -> None:
    assert Stepper(product()).trace.nodes[0].box
    placed = place(product())
    placed.nodes[0].box = [1.0, 2.0, 3.0, 4.0]
    assert Stepper(placed).trace.nodes[0].box == [1.0, 2.0, 3.0, 4.0]


def test_widget_shares_its_step_and_keeps_it_within_the_run() -> None:
    widget = Stepper(product(), step=3).widget
    assert widget.step == 3
    widget.step = 99
    assert widget.step == 13
    widget.step = 0
    assert widget.step == 1
    assert widget.trace["steps"][7]["kind"] == "free"
    widget.close()


def test_widget_shows_another_run() -> None:
    widget = StepperWidget(product(), 13)
    widget.show(inplace())
    assert widget.step == 7
    assert widget.trace["title"] == "a saved tensor, changed in place"
    assert repr(widget) == summary(inplace())
    widget.close()


def test_showing_a_stepper_loads_no_widgets() -> None:
    code = (
        "import sys; from tests.viz.samples import product; from viz.stepper import Stepper;"
        "Stepper(product())._repr_mimebundle_(); print({'anywidget', 'ipywidgets', 'traitlets'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path: the unit tests of the stepper need it")
    done = subprocess.run(
        [node, "--test", str(Path(__file__).parent / "stepper.test.mjs")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
