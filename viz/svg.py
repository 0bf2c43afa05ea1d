"""A Graphviz SVG made fit for a page: it fits its cell, zooms and pans, has tooltips, and leaves a still picture.

A notebook that isn't trusted, or a viewer that strips SVG and scripts, keeps the ``<img>`` and nothing else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape

# Set up by the first pointer that enters the picture, on the picture itself: nothing is looked up in the page, so that
# any number of pictures live side by side. Ctrl and the wheel zoom (out to half the size), dragging pans, a double
# click shows all.
_ZOOM = """
if (!this.mgView) {
  const svg = this, all = svg.getAttribute('viewBox').split(' ').map(Number);
  let view = svg.mgView = all.slice(), held = null;
  const show = (v) => svg.setAttribute('viewBox', (view = svg.mgView = v).join(' '));
  const at = (e) => new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
  svg.addEventListener('wheel', (e) => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    const p = at(e), k = Math.min(2 * all[2] / view[2], Math.exp(e.deltaY / 300));
    show([p.x - (p.x - view[0]) * k, p.y - (p.y - view[1]) * k, view[2] * k, view[3] * k]);
  }, {passive: false});
  svg.addEventListener('pointerdown', (e) => {
    if (e.button === 0) { held = at(e); svg.setPointerCapture(e.pointerId); }
  });
  svg.addEventListener('pointermove', (e) => {
    if (!held) return;
    const p = at(e);
    show([view[0] + held.x - p.x, view[1] + held.y - p.y, view[2], view[3]]);
  });
  svg.addEventListener('pointerup', () => { held = null; });
  svg.addEventListener('pointercancel', () => { held = null; });
  svg.addEventListener('dblclick', () => show(all.slice()));
}
"""
_HEAD = re.compile(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"\s+viewBox="([^"]*)"')

# What XML and C strings cannot hold, and halves of characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """``text`` with a replacement character for each that no picture can show."""
    return _UNPRINTABLE.sub("\ufffd", text)


def standalone(svg: str) -> str:
    """The ``<svg>`` element alone, with a viewBox and no size beyond its cell's, and without ids that could collide."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<(?:g|a)\b[^>]*?) id="[^"]*"', r"\1", svg)
    return _HEAD.sub(
        lambda m: f'<svg viewBox="{m[3]}" style="width:{_px(m[1])};max-width:100%;height:auto"', svg, count=1
    )


def page(svg: str, nodes: Mapping[str, str] | None = None, edges: Mapping[str, str] | None = None) -> str:
    """HTML for a notebook's output.

    Args:
        svg: Graphviz's SVG.
        nodes: tooltips of nodes by their DOT names.
        edges: tooltips of edges by Graphviz's ids: ``edge1`` for the first edge of the source, and so on.
    """
    still = base64.b64encode(_without_titles(svg).encode()).decode()
    live = standalone(_with_tooltips(svg, nodes or {}, edges or {}))
    live = live.replace("<svg ", f'<svg role="img" onpointerenter="{escape(" ".join(_ZOOM.split()))}" ', 1)
    size = _HEAD.search(svg)
    width = f' width="{float(size[1]) * 4 / 3:.0f}"' if size else ""
    style = ".mg-dot>svg~img{display:none}.mg-dot>svg{touch-action:pan-y;user-select:none}"
    return (
        f'<div class="mg-dot"><style>{style}</style>{live}'
        f'<img alt="computation graph"{width} src="data:image/svg+xml;base64,{still}"></div>'
    )


def _px(points: str) -> str:
    return f"{float(points) * 4 / 3:.0f}px"


_GROUP = re.compile(r'<g id="([^"]*)" class="(node|edge|graph)"([^>]*)>\n<title>([^<]*)</title>')


def _with_tooltips(svg: str, nodes: Mapping[str, str], edges: Mapping[str, str]) -> str:
    def tooltip(match: re.Match[str]) -> str:
        name, kind, rest, title = match.groups()
        text = nodes.get(title) if kind == "node" else edges.get(name)
        shown = f"\n<title>{escape(printable(text))}</title>" if text else ""
        return f'<g id="{name}" class="mg-dot-{kind}"{rest}>{shown}'

    return _GROUP.sub(tooltip, svg)


def _without_titles(svg: str) -> str:
    return re.sub(r"<title>[^<]*</title>\n?", "", svg)
