"""Sliders on a picture: drawn for every value, stored with the cell, the same every time; mistakes are named."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import minigrad as torch
import viz
from tests.viz.conftest import Screen
from viz import page
from viz.explorers import MOST_PICTURES, Explorer, explore, label, pack
from viz.progress import Progress

CONTRAST = 4.0


@pytest.fixture(autouse=True)
def course_style() -> Iterator[None]:
    with plt.style.context("viz.course"):
        yield
    plt.close("all")


def line(slope: float, n: int = 2) -> tuple[Any, str]:
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    axes.plot(np.linspace(0, 1, n), np.linspace(0, slope, n), ".-", label="a line")
    axes.set(xlabel="x", ylabel="y")
    axes.legend()
    return figure, f"It rises by {slope} in {n} points."


def html_of(explorer: Explorer) -> str:
    return explorer._repr_mimebundle_()["text/html"]


def unpacked(text: str) -> list[str]:
    held = json.loads(zlib.decompress(base64.b64decode(text)))
    return ["\n".join(held["lines"][row] for row in rows) for rows in held["pictures"]]


# What is drawn


def test_the_function_runs_for_every_value() -> None:
    calls = []

    def draw(depth: int) -> Any:
        calls.append(depth)
        return line(depth)

    explorer = explore(draw, depth=range(1, 5))
    assert calls == [1, 2, 3, 4]
    assert len(set(explorer.pictures)) == 4


def test_two_sliders_make_every_combination_and_the_last_moves_fastest() -> None:
    explorer = explore(line, slope=[1, 2], n=[2, 3, 4], start={"n": 4, "slope": 2})
    assert [re.findall(r"\d", sentence) for sentence in explorer.sentences[:4]] == [
        *(["1", "2"], ["1", "3"], ["1", "4"], ["2", "2"])
    ]
    assert explorer.start == [1, 2]
    assert repr(explorer) == (
        "Explorer: 6 pictures, slope = 1, 2; n = 2, 3, 4. At slope = 2, n = 4: It rises by 2 in 4 points."
    )


def test_a_sentence_is_optional() -> None:
    explorer = explore(lambda slope: line(slope)[0], slope=[1, 2])
    assert explorer.sentences == ["", ""]
    assert repr(explorer) == "Explorer: 2 pictures, slope = 1, 2."


def test_no_figure_stays_open_for_jupyter_to_show_once_more() -> None:
    mine = plt.figure()
    explore(line, slope=[1, 2])
    assert plt.get_fignums() == [mine.number]


@pytest.mark.parametrize("values", [(1.0, 2.5), np.array([1.0, 2.5]), torch.tensor([1.0, 2.5]), iter([1.0, 2.5])])
def test_values_are_any_series(values: Any) -> None:
    assert explore(line, slope=values).sliders == {"slope": ["1", "2.5"]}


def test_values_are_written_as_the_reader_would() -> None:
    values = [0.1 + 0.2, 1e-5, 3, True, None, "sgd", np.float32(0.1), torch.tensor(0.5), max]
    assert list(map(label, values)) == ["0.3", "1e-05", "3", "True", "None", "sgd", "0.1", "0.5", "max"]


# What is stored


def test_output_is_the_same_every_time() -> None:
    first, second = (explore(line, slope=[1, 2, 3])._repr_mimebundle_() for _ in range(2))
    assert first == second
    assert sorted(first) == ["text/html", "text/plain"]


def test_pictures_are_svg_without_date_and_with_the_texts_as_texts() -> None:
    for picture in explore(line, slope=[1, 2]).pictures:
        root = ET.fromstring(picture)
        assert "a line" in {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
        assert not re.search(r"metadata|<\?xml|DOCTYPE|\d{4}-\d\d-\d\d", picture)


def test_packed_pictures_are_the_pictures() -> None:
    pictures = explore(line, slope=[1, 2, 3]).pictures
    assert unpacked(pack(pictures)) == pictures


def test_forty_pictures_stay_small() -> None:
    explorer = explore(lambda slope: line(slope, n=100), slope=[k / 10 for k in range(40)])
    assert len(html_of(explorer)) < 150_000
    assert sum(map(len, explorer.pictures)) > 400_000


def test_output_asks_nothing_of_the_network() -> None:
    text = html_of(explore(line, slope=[1, 2]))
    assert set(re.findall(r"https?://[^\s\"'`)<>]+", text)) == set()
    assert not re.search(r"<(link|iframe|object|embed)|\bsrc=\"(?!data:)|url\(|@import|\bimport\b *[({*\"']", text)
    assert "fetch(" not in text


EVIL = "</script><script>alert(1)</script><!-- \u2028 <img src=x onerror=alert(2)> & \"'"


def test_texts_of_the_learner_cannot_end_the_script() -> None:
    def draw(word: str) -> Any:
        figure, axes = plt.subplots()
        axes.set_xlabel(word)
        return figure, word

    text = html_of(explore(draw, word=[EVIL]))
    assert "alert(1)</script>" not in text
    assert "<img src=x" not in text
    assert text.count("<script") == text.count("</script") == 3


def test_the_still_picture_is_the_one_at_the_start() -> None:
    explorer = explore(line, slope=[1, 2, 3], start={"slope": 2})
    image = r'<img class="mg-still" alt="([^"]*)" .*? src="data:image/svg\+xml;base64,([^"]*)">'
    found = re.search(image, html_of(explorer))
    assert found
    assert found[1] == "picture at slope = 2"
    assert base64.b64decode(found[2]).decode() == explorer.pictures[1]


def test_comparing_outputs_can_leave_out_what_changes_with_matplotlib() -> None:
    rest = html_of(explore(line, slope=[1, 2]))
    for part in (r'(?s)<(script|style) class="mg-(program|look|pictures)">.*?</\1>', r'<img class="mg-still"[^>]*>'):
        rest = re.sub(part, "", rest)
    assert len(rest) < 1_000
    assert "It rises by 2 in 2 points." in rest


def test_program_is_small_imports_nothing_and_makes_no_markup_of_data() -> None:
    text = page.program("explorer")
    assert text.startswith("// @ts-check")
    assert len(text) < 6_000
    assert not re.search(r"^\s*import\b|\bimport\(|innerHTML|insertAdjacentHTML|document\.write|\beval\b", text, re.M)
    assert not re.search(r"document\.(querySelector|getElementBy)|\.id =", text)


def test_every_class_of_the_look_is_ours() -> None:
    css = re.sub(r"/\*.*?\*/", "", page.static("explorer.css"), flags=re.S)
    selectors = " ".join(re.findall(r"[^{}]+(?=\{)", css))
    others = {name for name in re.findall(r"\.([A-Za-z][\w-]*)", selectors) if not name.startswith("mg-")}
    assert others <= {"vscode-dark", "vscode-light", "vscode-high-contrast"}


def test_nothing_loads_matplotlib_before_a_picture_is_drawn() -> None:
    code = "import sys, viz; from viz.explorers import explore; viz.explore; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# What is shown while it takes long


def test_after_a_second_a_bar_stands_where_the_pictures_will(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    bars = []

    def draw(slope: int) -> Any:
        now[0] += 0.6
        bars.extend(output["text/plain"] for output in screen.outputs)
        return line(slope)

    monkeypatch.setattr("viz.explorers._progress", lambda count: Progress(count, clock=lambda: now[0]))
    explorer = explore(draw, slope=[1, 2, 3, 4])
    assert bars == ["Drawing: 2 of 4 pictures", "Drawing: 3 of 4 pictures"]
    explorer._ipython_display_()  # the cell's value, shown by Jupyter: it stands there already
    assert screen.outputs == [explorer._repr_mimebundle_()]


def test_what_is_quick_is_shown_once(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viz.explorers._progress", lambda count: Progress(count, clock=lambda: 0.0))
    explorer = explore(line, slope=[1, 2])
    assert screen.outputs == []
    explorer._ipython_display_()
    assert screen.outputs == [explorer._repr_mimebundle_()]


def test_outside_a_notebook_nothing_is_displayed(capsys: pytest.CaptureFixture[str]) -> None:
    explore(line, slope=[1, 2])
    assert capsys.readouterr().out == ""


# Mistakes


def raising(h: float) -> Any:
    return line(1 / h)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: explore(line), ValueError, "nothing to choose from.* parameter of line"),
        (lambda: explore(line, slope=[]), ValueError, r"slope=\[\] has no values"),
        (lambda: explore(line, slope=3), TypeError, r"slope=3 is a single value.* slope=\[1, 2, 3\]"),
        (lambda: explore(line, slope="abc"), TypeError, "slope='abc' is a single value"),
        (lambda: explore(line, slope=np.array(3.0)), TypeError, "slope=3 is a single value"),
        (lambda: explore(line(1), slope=[1, 2]), TypeError, "the function that draws.*without brackets"),
        (lambda: explore(line, slope=[1], n=[2], z=[3]), ValueError, "3 sliders .slope, n and z.; there can be two"),
        (lambda: explore(line, slope=range(61)), ValueError, f"61 .slope. = 61 pictures; there can be {MOST_PICTURES}"),
        (lambda: explore(line, slope=range(20), n=range(20)), ValueError, "20 .slope. × 20 .n. = 400 pictures"),
        (lambda: explore(line, width=[1, 2]), TypeError, "line.slope.*cannot be called.*slope|width"),
        (lambda: explore(line, slope=[1, 2], start={"n": 2}), ValueError, "start names 'n'.*there is slope"),
        (lambda: explore(line, slope=[1, 2], start={"slope": 3}), ValueError, "sets slope to 3.* it goes to 1, 2"),
        (lambda: explore(lambda slope: plt.show(), slope=[1, 2]), TypeError, "returned nothing at slope = 1.*figure"),
        (lambda: explore(lambda slope: plt.gca(), slope=[4]), TypeError, "returned Axes at slope = 4.*return figure"),
        (lambda: explore(lambda slope: (line(1)[0], 5), slope=[4]), TypeError, "something of type int at slope = 4"),
    ],
)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_a_mistake_is_named(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
    assert plt.get_fignums() == [] or "without brackets" in message


def test_what_the_function_raises_says_at_which_value() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        explore(raising, h=[1.0, 0.5, 0.0])
    assert caught.value.__notes__ == ["explore: this happened in raising at h = 0"]


# The look of the pictures


def luminance(colour: str) -> float:
    parts = [int(colour.lstrip("#")[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_the_style_reads_on_light_and_dark(ground: str) -> None:
    style = plt.rcParams
    written = ["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "xtick.labelcolor", "ytick.labelcolor"]
    for key in written:
        assert contrast(style[key], ground) >= CONTRAST, key
    cycle = style["axes.prop_cycle"].by_key()["color"]
    assert [colour.lower().lstrip("#") for colour in cycle[:2]] == ["3182bd", "c2410c"]
    for colour in cycle:
        assert contrast(colour, ground) >= 2.9, colour


def test_a_picture_has_no_ground_and_jupyter_lays_none_beneath_it() -> None:
    from matplotlib_inline.backend_inline import _fetch_figure_metadata

    figure, axes = plt.subplots()
    assert figure.get_facecolor()[3] == axes.get_facecolor()[3] == 0
    assert _fetch_figure_metadata(figure) is None


def test_the_style_is_found_from_another_folder(tmp_path: Path) -> None:
    code = "import matplotlib.pyplot as plt; plt.style.use('viz.course'); print(plt.rcParams['svg.fonttype'])"
    project = Path(viz.__path__[0]).parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(project), "MPLCONFIGDIR": str(tmp_path), "PATH": ""},
    )
    assert done.stdout.strip() == "none"
