"""The stepper without a kernel: as the HTML of a notebook's output, and as one HTML file of its own.

Both hold the program, the look and the run, and ask nothing of the network. Where scripts do not run
(a notebook that is not trusted, GitHub) the still picture stays.
"""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from viz.place import is_placed, place
from viz.still import escape, still
from viz.texts import interface
from viz.trace import Trace

# A classic script, not a module: only a classic script knows where it stands, so that two outputs never
# meet, whatever they hold. JupyterLab and nbconvert leave it inside our element, VS Code runs it beside it.
_HERE = "const place = document.currentScript.parentNode.querySelector('.mg-place');"


def to_html(trace: Trace, step: int = 1) -> str:
    """One HTML page with the stepper in it, at ``step`` (counted from 1)."""
    return document(trace.title or "Stepper", fragment(trace, step, _LINKED))


# On a page of its own the step stands in the address, so that a link can lead to it. Chromium takes a millisecond to
# write it, and refuses when asked too often: it is written when the reader stops.
_LINKED = (
    "step: Number((location.hash.match(/^#step-(\\d+)$/) || [])[1] || {step}), onStep: (step) => {{ "
    "clearTimeout(place.waits); "
    "place.waits = setTimeout(() => history.replaceState(null, '', '#step-' + step), 200); }}"
)


def document(title: str, body: str) -> str:
    """A page of its own around what ``fragment`` or ``pair_fragment`` gives."""
    title = escape(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_PAGE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    )


_PAGE = (
    "body{margin:16px;background:#fff;color:#1d2430}main{max-width:1280px;margin:0 auto}"
    "h1{margin:0 0 10px 2px;font:600 18px/1.3 system-ui,'Segoe UI',sans-serif}"
    "@media (prefers-color-scheme:dark){body{background:#111418;color:#e6e9ee}}"
)


def save(trace: Trace, path: str | Path, step: int = 1) -> None:
    """Write the page to a file."""
    Path(path).write_text(to_html(trace, step), encoding="utf-8")


def fragment(trace: Trace, step: int = 1, options: str = "step: {step}") -> str:
    """HTML for an output cell: a still picture, and the scripts that put the stepper in its place.

    The program and the look stand in elements of their own, ``mg-program`` and ``mg-look``, so that whoever compares
    outputs can leave them out: they change with this package, not with what the cell computed.
    """
    if not is_placed(trace):
        place(trace)
    return _output(
        still(trace), f"mount(place, {script_json(trace.to_json())}, {{ {options.format(step=int(step))} }})"
    )


def pair_fragment(runs: Sequence[Trace], labels: Sequence[str], pairs: Sequence[tuple[int, int]], step: int = 1) -> str:
    """The same for two runs on one timeline: ``pairs`` are the steps they show together."""
    shown = ", ".join(run.to_json() for run in runs)
    data = (
        f'{{"runs":[{shown}],"labels":{json.dumps(list(labels))},"pairs":{json.dumps([list(pair) for pair in pairs])}}}'
    )
    stills = "".join(f"<p>{escape(label)}</p>{still(run)}" for label, run in zip(labels, runs, strict=True))
    return _output(stills, f"mountPair(place, {script_json(data)}, {{ step: {step:d} }})")


def _output(picture: str, call: str) -> str:
    exports = ["mount", "mountPair", f"texts: {script_json(json.dumps(interface(), ensure_ascii=False))}"]
    return output(picture, "stepper", exports, {"mg-run": f"place.mg.{call};"})


def output(picture: str, name: str, exports: Sequence[str], scripts: Mapping[str, str]) -> str:
    """HTML for an output cell: a still picture, and what puts something better in its place.

    Args:
        picture: what stays where no script runs.
        name: of the program and the look in ``viz/static``.
        exports: functions of the program, or ``name: value``, which the scripts find in ``place.mg``.
        scripts: for each class what to run once the program is there; ``place`` is the element of the picture.
    """
    parts = {"mg-program": f"{_script(name)}place.mg = {{ {', '.join(exports)} }};", **scripts}
    return (
        f'<div class="mg-out">\n<div class="mg-place">{picture}</div>\n'
        f'<style class="mg-look">\n{slim(static(f"{name}.css"))}</style>\n'
        + "".join(
            f'<script class="{part}">(() => {{\n{_HERE}\n{code}\n}})();</script>\n' for part, code in parts.items()
        )
        + "</div>\n"
    )


@cache
def static(name: str) -> str:
    """The text of a file of ``viz/static``."""
    return (importlib.resources.files("viz") / "static" / name).read_text(encoding="utf-8")


@cache
def program(name: str) -> str:
    """The modules of ``viz/static/<name>`` as one, which is ``index.mjs`` with all that it imports, in order."""
    return "".join(_with_imports(name, "index", set()))


def _with_imports(name: str, module: str, seen: set[str]) -> Iterator[str]:
    text = static(f"{name}/{module}.mjs")
    for other in re.findall(r'^import .* from "\./(\w+)\.mjs";$', text, re.MULTILINE):
        if other not in seen:
            seen.add(other)
            yield from _with_imports(name, other, seen)
    within = "" if module == "index" else "|^export "  # what the others export is there for each other alone
    yield re.sub(rf"^import .*;\n{within}", "", text, flags=re.MULTILINE)


@cache
def _script(name: str) -> str:
    """A program as a script, not a module: what it exports are names like others."""
    return re.sub(r"^export ((default )?\{.*\};\n)?", "", slim(program(name)), flags=re.MULTILINE)


def slim(text: str) -> str:
    """A program or a style sheet without its comment lines and its indentation; the same on every machine."""
    text = re.sub(r"^[ \t]*/\*(?:(?!\*/).)*\*/\n", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^[ \t]*//.*\n|^[ \t]+|^\n", "", text, flags=re.MULTILINE)


def script_json(text: str) -> str:
    """JSON that cannot end the script it stands in: what could is written as an escape."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
