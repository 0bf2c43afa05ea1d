"""Layout by the embedded Graphviz: pictures, geometry, and no trap that a label could spring."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import pytest

from viz import layout

GRAPH = 'digraph { node [fontname=monospace fontsize=10 shape=box]\n a [label="x\n (2, 3)"]\n b\n a -> b\n a -> b }'


def test_geometry_comes_as_json():
    laid_out = json.loads(layout.render(GRAPH, "json"))
    a, b = laid_out["objects"]
    assert [float(part) for part in a["pos"].split(",")][1] > [float(part) for part in b["pos"].split(",")][1]
    assert len(laid_out["edges"]) == 2
    assert all(edge["pos"].startswith("e,") for edge in laid_out["edges"])
    assert a["fontname"] == "monospace"


@pytest.mark.parametrize("format", sorted(layout.EMBEDDED_FORMATS))
def test_every_embedded_format_is_written_the_same_each_time(format):
    first = layout.render(GRAPH, format)
    assert first
    assert layout.render(GRAPH, format) == first


@pytest.mark.parametrize("start", ["\n", "\\n", "\\l", "\\r"])
def test_a_label_that_begins_with_an_empty_line_is_drawn(start):
    svg = layout.render(f'digraph {{ a [label="{start} (1)"] }}').decode()
    assert "> (1)</text>" in svg


def test_a_crash_is_an_error_and_harms_no_later_picture():
    before = layout.render(GRAPH)
    with pytest.raises(layout.LayoutError, match="crashed"):
        layout.render("digraph {" + "subgraph {" * 20_000 + "a" + "}" * 20_000 + "}")
    assert layout.render(GRAPH) == before


@pytest.mark.parametrize("source", ["", "graph", "digraph {", "digraph { a -> }"])
def test_what_cannot_be_parsed_is_an_error(source):
    with pytest.raises(layout.LayoutError, match="parse"):
        layout.render(source)


def widest(svg: str) -> tuple[float, str]:
    """The width of the (only) box, and its text."""
    xs = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", re.findall(r'<polygon [^>]*points="([^"]*)"', svg)[1])]
    return max(xs) - min(xs), re.findall(r"<text[^>]*>([^<]*)</text>", svg)[0]


@pytest.mark.parametrize(
    ("text", "ems"),
    [
        ("M" * 40, 40 * 0.602),  # 0.602 em: the widest of the fonts named, DejaVu Sans Mono
        ("i" * 40, 40 * 0.602),
        ("权" * 20, 20),
        ("é" * 20, 20 * 0.602),
        ("∂" * 20, 20 * 0.602),
        ("🙂" * 20, 20 * 1.2),
        ("권重み" * 7, 21),
    ],
)
def test_text_fits_its_box_but_not_loosely(text, ems):
    box, shown = widest(
        layout.render(f'digraph {{ a [label="{text}" shape=box fontname=monospace fontsize=10] }}').decode()
    )
    assert shown == text
    assert 10 * ems < box < 10 * ems * 1.3 + 20 if "é" not in text and "∂" not in text else 10 * ems < box


def test_characters_come_back_as_they_were_in_every_text_format():
    label = "权重 → ∂L/∂w 🙂 Ā é"
    source = f'digraph {{ a [label="{label}"] }}'
    assert label in layout.render(source, "svg").decode()
    assert label in json.loads(layout.render(source, "json"))["objects"][0]["label"]
    assert label in layout.render(source, "dot").decode()


def test_png_draws_text_with_the_bundled_font():
    empty = layout.render('digraph { a [label=" " shape=box fontname=monospace width=2] }', "png")
    text = layout.render('digraph { a [label="MulBackward0" shape=box fontname=monospace width=2] }', "png")
    assert len(text) > len(empty) + 500


def test_png_has_pixels_for_its_scale():
    def width(picture: bytes) -> int:
        return int.from_bytes(picture[16:20], "big")

    assert abs(width(layout.render(GRAPH, "png", scale=2)) - 2 * width(layout.render(GRAPH, "png", scale=1))) <= 1


def test_an_unknown_backend_or_format_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="embedded"):
        layout.use("system")
    with pytest.raises(layout.LayoutError, match="apt install graphviz"):
        layout.use("dot")
    with pytest.raises(ValueError, match="not a format"):
        layout.render(GRAPH, "pdf -o /etc/passwd")


def test_the_systems_dot_is_used_where_asked_for(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "$1"; cat\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    try:
        layout.use("dot")
        assert layout.render(GRAPH, "svg").decode() == "-Tsvg\n" + GRAPH
    finally:
        layout.use("embedded")
    assert layout.render(GRAPH, "pdf").startswith(b"-Tpdf")
    program.write_text("#!/bin/sh\necho 'it broke' >&2; exit 3\n")
    with pytest.raises(layout.LayoutError, match="it broke"):
        layout.render(GRAPH, "pdf")


def test_works_in_a_home_that_cannot_be_written_to(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    code = "from viz import layout; print(layout.render('digraph { a }')[:5])"
    environment = {"HOME": str(blocked / "home"), "XDG_CACHE_HOME": str(blocked / "cache"), "PATH": "/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "b'<?xml'\n", done.stderr


def test_laying_out_the_graph_of_a_lesson_takes_milliseconds():
    layout.render(GRAPH)  # the module is loaded once
    start = time.perf_counter()
    for _ in range(10):
        layout.render(GRAPH)
    assert time.perf_counter() - start < 1.0
