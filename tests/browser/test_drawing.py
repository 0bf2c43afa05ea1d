"""make_dot in JupyterLab: a live picture, a still one where the notebook isn't trusted, and nothing injected."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Lab

DRAW = """
import minigrad as torch
from viz import make_dot
x, y = torch.tensor([2.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
make_dot((x + y) * (y - 2), params={"x": x, "y": y})
"""
INJECT = """
import minigrad as torch
from viz import make_dot
names = ["<img src=x onerror='window.hit=1'>", "<svg onload='window.hit=1'>", "</text><script>window.hit=1</script>",
         "</title><script>window.hit=1</script>", '" onload="window.hit=1', "';window.hit=1//", "&lt;script&gt;"]
leaves = [torch.ones(1, requires_grad=True) for _ in names]
total = leaves[0]
for leaf in leaves[1:]:
    total = total * leaf
make_dot(total, params=dict(zip(names, leaves)), show_saved=True, show_attrs=True)
"""


def view_box(lab: Lab) -> str:
    return lab.output(0).locator(".mg-dot > svg").get_attribute("viewBox") or ""


def test_a_graph_fits_its_cell_and_zooms_and_pans(lab: Lab) -> None:
    lab.write("draw.ipynb", [DRAW])
    lab.open("draw.ipynb")
    lab.run_all()
    picture = lab.output(0).locator(".mg-dot > svg")
    expect(picture).to_be_visible()
    expect(lab.output(0).locator(".mg-dot > img")).to_be_hidden()
    whole = view_box(lab)
    box = picture.bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + 40, box["y"] + 40)
    lab.page.keyboard.down("Control")
    lab.page.mouse.wheel(0, -200)
    lab.page.keyboard.up("Control")
    lab.page.wait_for_function(
        "whole => document.querySelector('.mg-dot > svg').getAttribute('viewBox') !== whole", arg=whole
    )
    near = view_box(lab)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 80, box["y"] + 60)
    lab.page.mouse.up()
    assert view_box(lab) != near
    lab.page.mouse.dblclick(box["x"] + 40, box["y"] + 40)
    assert [float(n) for n in view_box(lab).split()] == [float(n) for n in whole.split()]
    assert lab.outside == []


def test_an_untrusted_notebook_keeps_a_still_picture(lab: Lab) -> None:
    lab.write("draw.ipynb", [DRAW])
    lab.open("draw.ipynb")
    lab.run_all()
    lab.save()
    lab.receive("other.ipynb")
    still = lab.output(0).locator("img")
    expect(still).to_be_visible()
    assert still.evaluate("image => image.naturalWidth") > 100
    expect(lab.output(0).locator(".mg-dot > svg")).to_have_count(0)


def test_names_are_text_and_never_run(lab: Lab) -> None:
    lab.write("inject.ipynb", [INJECT])
    lab.open("inject.ipynb")
    lab.run_all()
    expect(lab.output(0).locator(".mg-dot > svg")).to_be_visible()
    assert lab.page.evaluate("window.hit") is None
    assert lab.output(0).locator(".mg-dot script, .mg-dot svg img, .mg-dot svg svg").count() == 0
    texts = lab.output(0).locator(".mg-dot-node text").all_text_contents()
    assert "</text><script>window.hit=1</script>" in texts
    assert "&lt;script&gt;" in texts
