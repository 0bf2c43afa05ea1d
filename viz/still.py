"""A run where no script may: a still picture of its last state (an ``<img>``), and its steps in words.

Of a run with questions it is the state before the first one: who cannot answer is not told either.
"""

from __future__ import annotations

import base64
import html
import re

from viz.texts import say
from viz.trace import Node, Trace

MOST_NODES = 60  # a larger graph would be unreadable, and heavy in every copy of the notebook
MOST_STEPS = 60  # that are told in words
_LOOK = """
text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1d2430;text-anchor:middle}
.s{font-size:11px;fill:#596273}.c{text-anchor:start}
.g{font-size:11px;fill:#c2410c}.e{fill:none;stroke:#667085;stroke-width:1.3}.box{fill:#eceff3;stroke:#b4bcc8}
.leaf{fill:#cfe8f7;stroke:#6aa9cf}.output{fill:#cdeee0;stroke:#5cae90}.untracked{fill:#fff;stroke-dasharray:4 3}
.freed{fill-opacity:.35;stroke-dasharray:2 3}.failed{fill:#fdecea;stroke:#b3261e;stroke-width:2.8}
.chip{fill:none;stroke:#e69f00;stroke-width:1.6}.held{fill:#e69f00}.gone{text-decoration:line-through}.err{fill:#b3261e;font-weight:600}
"""


def known(trace: Trace) -> int:
    """How many steps come before the first question: all, where there is none."""
    return min((question.step for question in trace.questions), default=len(trace.steps))


def summary(trace: Trace) -> str:
    """``Stepper: 13 steps, 4 lines``, and how it ends where it ends in an error that nobody is asked about."""
    steps, lines = len(trace.steps), len(trace.source)
    parts = [say("still.steps.one" if steps == 1 else "still.steps", count=steps)]
    parts.append(say("still.lines.one" if lines == 1 else "still.lines", count=lines))
    if trace.steps and trace.steps[-1].error and not trace.questions:
        last = trace.steps[-1]
        ending = last.error.split(":")[0]
        if last.line:
            parts.append(say("still.error.line", error=ending, line=trace.line_name(last.line)))
        else:
            parts.append(say("still.error", error=ending))
    return say("still", parts=", ".join(parts))


def still(trace: Trace) -> str:
    """HTML of the picture (of up to MOST_NODES nodes), a line of text, and the steps (up to MOST_STEPS) to open."""
    line = escape(summary(trace))
    picture = ""
    if 0 < len(trace.nodes) <= MOST_NODES:
        data = base64.b64encode(svg(trace).encode()).decode()
        picture = f'<img alt="{line}" src="data:image/svg+xml;base64,{data}"><br>'
    return f"{picture}<small>{escape(say('still.how', summary=summary(trace)))}</small>{_told(trace)}"


def _told(trace: Trace) -> str:
    steps = trace.steps[: min(known(trace), MOST_STEPS)]
    items = [" · ".join([step.title, *(formula.text for formula in step.formulas)]) for step in steps]
    if len(trace.steps) > len(steps):
        items.append(say("still.more", count=len(trace.steps) - len(steps)))
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<details><summary>{escape(say('still.told'))}</summary><ol>{listed}</ol></details>"


def svg(trace: Trace) -> str:
    """The graph after the last step that is known, as an SVG document."""
    last = trace.at(known(trace))
    width, height = trace.width, trace.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}"><style>{_LOOK.replace(chr(10), "")}</style>'
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#fff"/>'
    ]
    for edge in last.edges:
        if edge.visible:
            parts.append(f'<path class="e" d="{escape(edge.path)}"/>')
            end = " ".join(edge.path.replace("C", " ").split()[-2:])
            parts.append(f'<path d="M{escape(end)}l-4.5-9h9z" fill="#667085"/>')
    for node in last.nodes:
        if node.visible:
            parts += _node(node)
    for edge in last.edges:
        if edge.visible and edge.gradient is not None and edge.label_at:
            x, y = edge.label_at
            parts.append(_text("g", x, y, edge.gradient, 4))
    return "".join([*parts, "</svg>"])


def _node(node: Node) -> list[str]:
    x, y, width, height = node.box or (0.0, 0.0, 60.0, 44.0)
    middle = x + width / 2
    look = "box " + node.kind + (" freed" if node.freed else "") + (" failed" if node.failed else "")
    round_ = 14 if node.kind == "leaf" else 5
    parts = [
        f'<rect class="{look}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_}"/>',
        _text("", middle, y + height / 2, node.label, -4),
        _text(
            "s err" if node.failed else "s",
            middle,
            y + height / 2,
            say("ui.failed") if node.failed else node.detail,
            13,
        ),
    ]
    for number, chip in enumerate(node.chips):
        if chip.held is not None:
            left, top = node.chip_at or (x + width + 8, y)
            top += 18 * number
            held = " held" if chip.held else ""
            parts.append(f'<rect class="chip{held}" x="{left:g}" y="{top + 3:g}" width="12" height="12" rx="3"/>')
            label_look = "s c err" if chip.stale else "s c" if chip.held else "s c gone"
            parts.append(_text(label_look, left + 19, top, f"{chip.label} v{chip.version}", 13))
    return parts


def _text(look: str, x: float, y: float, text: str, below: float) -> str:
    return f'<text class="{look}" x="{x:g}" y="{y + below:g}">{escape(text)}</text>'


def escape(text: str) -> str:
    """Text for HTML and XML: markup is quoted, and what no document may hold becomes �."""
    return html.escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))
