"""Sliders on what a lesson is about: a function of the learner's own draws a picture, and sliders choose its arguments.

Every picture is made when the cell runs, and all of them are stored in its output. So a slider moves without the
kernel: when the notebook is opened again, and in a page made of it. Where no script runs, one picture stays.
"""

from __future__ import annotations

import base64
import inspect
import io
import itertools
import json
import numbers
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from viz.texts import listing, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from viz.progress import Progress

MOST_PICTURES = 60  # more would make every copy of the notebook heavy, and nobody looks at them all
MOST_SLIDERS = 2  # every combination is a picture


def explore(draw: Callable[..., Any], *, start: Mapping[str, Any] | None = None, **values: Iterable[Any]) -> Explorer:
    """Call ``draw`` for every value, and show its pictures under a slider: for two names, under two sliders.

    Args:
        draw: a function that draws something with matplotlib and returns the figure, or the figure and a sentence.
        start: where the sliders stand at first; without it, at the first values.
        values: for each slider its name, which is a parameter of ``draw``, and the values it goes through.

    Returns:
        what a cell shows when it is the cell's last value.

    Raises:
        ValueError: no values, too many of them, or a start that is none of them.
        TypeError: ``draw`` has no such parameter, or returns no figure. What it raises itself is passed on.

    >>> import matplotlib.pyplot as plt
    >>> def line(slope):
    ...     figure, axes = plt.subplots()
    ...     axes.plot([0, 1], [0, slope])
    ...     return figure, f"It rises by {slope}."
    >>> explore(line, slope=[1, 2, 3], start={"slope": 2})
    Explorer: 3 pictures, slope = 1, 2, 3. At slope = 2: It rises by 2.
    """
    lists = {name: _listed(name, given) for name, given in values.items()}
    _fitting(draw, lists)
    first = _position(lists, start or {})
    pictures: list[str] = []
    sentences: list[str] = []
    grid = list(itertools.product(*lists.values()))
    progress = _progress(len(grid))
    for place in grid:
        if progress.clock() >= progress.next:
            count = len(pictures)
            progress.show(say("explore.progress", count=count, total=len(grid)), count / len(grid))
        picture, sentence = _drawn(draw, dict(zip(lists, place, strict=True)))
        pictures.append(picture)
        sentences.append(sentence)
    labels = {name: list(map(label, listed)) for name, listed in lists.items()}
    return Explorer(labels, first, pictures, sentences, progress)


class Explorer:
    """What `explore` has drawn; shown by being a cell's last value, or with ``display``.

    Attributes:
        sliders: for each name the values, as they are written beside the slider.
        start: the place of each slider to begin with, counted from 0.
        pictures: SVG documents; the last slider moves fastest.
        sentences: what is said about each picture, empty where nothing is.
    """

    def __init__(
        self,
        sliders: Mapping[str, Sequence[str]],
        start: Sequence[int],
        pictures: Sequence[str],
        sentences: Sequence[str],
        progress: Progress | None = None,
    ) -> None:
        self.sliders, self.start, self.pictures, self.sentences = sliders, start, pictures, sentences
        self._shown = False
        if progress is not None and progress.handle is not None:  # what stands in the bar's place must not be the bar
            progress.handle.update(self._repr_mimebundle_(), raw=True)
            self._shown = True

    def __repr__(self) -> str:
        names = "; ".join(f"{name} = {', '.join(labels)}" for name, labels in self.sliders.items())
        sentence = self.sentences[self._first]
        return say("explore.summary", count=len(self.pictures), sliders=names) + (
            " " + say("explore.summary.start", at=self._at(self._first), sentence=sentence) if sentence else ""
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if not self._shown:
            display(self._repr_mimebundle_(), raw=True)
        self._shown = False  # shown again, it is shown again

    @property
    def _first(self) -> int:
        """Which picture the sliders stand at first."""
        index = 0
        for place, labels in zip(self.start, self.sliders.values(), strict=True):
            index = index * len(labels) + place
        return index

    def _at(self, index: int) -> str:
        """``max_norm = 2, depth = 3``: what a picture was drawn for."""
        parts = []
        for name, labels in reversed(list(self.sliders.items())):
            index, place = divmod(index, len(labels))
            parts.append(f"{name} = {labels[place]}")
        return ", ".join(reversed(parts))

    def _html(self) -> str:
        from viz.page import output, script_json
        from viz.still import escape

        alts = [say("explore.alt", at=self._at(k)) for k in range(len(self.pictures))]
        size = re.search(r'<svg[^>]* width="([\d.]+)pt"', self.pictures[0])
        width = round(float(size[1]) * 4 / 3) if size else 600
        data = {
            "sliders": [
                {"name": name, "labels": labels, "start": place}
                for place, (name, labels) in zip(self.start, self.sliders.items(), strict=True)
            ],
            "sentences": self.sentences,
            "alts": alts,
            "width": width,
        }
        source = base64.b64encode(self.pictures[self._first].encode()).decode()
        line = f"{self.sentences[self._first]} {say('explore.still', at=self._at(self._first))}".lstrip()
        still = (
            f'<img class="mg-still" alt="{escape(alts[self._first])}" width="{width}" '
            f'src="data:image/svg+xml;base64,{source}"><br><small>{escape(line)}</small>'
        )
        # The pictures stand in an element of their own, as the program and the look do (viz/page.py): they change with
        # matplotlib's version, and whoever compares outputs can leave them out. The sentences stay.
        shown = script_json(json.dumps(data, ensure_ascii=False))
        scripts = {
            "mg-pictures": f'place.mg.pictures = "{pack(self.pictures)}";',
            "mg-explore": f"place.mg.mount(place, {shown}, place.mg.pictures);",
        }
        return output(still, "explorer", ["mount"], scripts)


def label(value: Any) -> str:
    """A value as it is written beside its slider.

    >>> [label(value) for value in (0.1 + 0.2, 1e-05, 3, True, "sgd", None)]
    ['0.3', '1e-05', '3', 'True', 'sgd', 'None']
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return f"{float(value):.6g}"
    return str(getattr(value, "__name__", value))


def pack(pictures: Sequence[str]) -> str:
    """Pictures in a few characters: what their lines have in common is stored once, and the whole compressed.

    Lines, because the compression looks back over 32 kB alone, and a picture may be longer than that.
    """
    lines: dict[str, int] = {}
    rows = [[lines.setdefault(line, len(lines)) for line in picture.split("\n")] for picture in pictures]
    text = json.dumps({"lines": list(lines), "pictures": rows}, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(say("explore.single", name=name, value=repr(values)))
    try:
        listed = list(values)
    except TypeError:  # a tensor or an array of no dimension is iterable until one tries
        raise TypeError(say("explore.single", name=name, value=label(values))) from None
    if not listed:
        raise ValueError(say("explore.empty", name=name))
    return listed


def _fitting(draw: Callable[..., Any], values: Mapping[str, Sequence[Any]]) -> None:
    """Refuse what cannot work before anything is drawn."""
    function = _name(draw)
    if not callable(draw):
        raise TypeError(say("explore.function", kind=type(draw).__name__))
    if not values:
        raise ValueError(say("explore.nothing", function=function))
    if len(values) > MOST_SLIDERS:
        raise ValueError(say("explore.sliders", count=len(values), names=listing(list(values))))
    count = 1
    for listed in values.values():
        count *= len(listed)
    if count > MOST_PICTURES:
        sizes = " × ".join(f"{len(listed)} ({name})" for name, listed in values.items())
        raise ValueError(say("explore.many", sizes=sizes, count=count, most=MOST_PICTURES))
    try:
        signature = inspect.signature(draw)
    except (TypeError, ValueError):  # written in C: it will speak for itself
        return
    try:
        signature.bind(**dict.fromkeys(values))
    except TypeError as problem:
        raise TypeError(say("explore.parameter", function=function, problem=problem, signature=signature)) from None


def _position(values: Mapping[str, Sequence[Any]], start: Mapping[str, Any]) -> list[int]:
    for name in start:
        if name not in values:
            raise ValueError(say("explore.start.name", name=name, names=listing(list(values))))
    position = []
    for name, listed in values.items():
        labels = list(map(label, listed))
        wanted = label(start[name]) if name in start else labels[0]
        if wanted not in labels:
            raise ValueError(say("explore.start.value", name=name, value=wanted, values=", ".join(labels)))
        position.append(labels.index(wanted))
    return position


def _progress(count: int) -> Progress:
    from viz.progress import Progress, watched

    return Progress(count, seen=watched())


def _drawn(draw: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[str, str]:
    """The picture that ``draw`` makes of its arguments, and its sentence."""
    at = ", ".join(f"{name} = {label(value)}" for name, value in arguments.items())
    before = _open_figures()
    try:
        try:
            result = draw(**arguments)
        except Exception as error:
            error.add_note(say("explore.raised", function=_name(draw), at=at))
            raise
        figure, sentence = result if isinstance(result, tuple) and len(result) == 2 else (result, "")
        if not _is_figure(figure):
            kind = say("explore.none") if result is None else type(figure).__name__
            raise TypeError(say("explore.figure", function=_name(draw), at=at, kind=kind))
        if not isinstance(sentence, str):
            raise TypeError(say("explore.sentence", function=_name(draw), at=at, kind=type(sentence).__name__))
        return svg(figure), sentence
    finally:
        for number in _open_figures() - before:  # or Jupyter would show each of them once more
            sys.modules["matplotlib.pyplot"].close(number)


def _open_figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()


def _is_figure(value: Any) -> bool:
    if "matplotlib" not in sys.modules:
        return False
    from matplotlib.figure import Figure

    return isinstance(value, Figure)


def svg(figure: Figure) -> str:
    """A figure as SVG: the same text for the same figure, on every day and in every folder."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    canvas, dpi = figure.canvas, figure.dpi
    # Names within the file come from what is drawn; letters stay letters, which is shorter than their outlines.
    with matplotlib.rc_context({"svg.hashsalt": "viz", "svg.fonttype": "none"}), io.StringIO() as file:
        try:  # figure.savefig would lay everything out twice
            FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})
        finally:
            figure.set_canvas(canvas)
            figure.dpi = dpi
        text = file.getvalue()
    text = re.sub(r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return _DRAWN.sub(lambda found: _LONG.sub(lambda number: f"{float(number[0]):.2f}", found[0]), text)


# A hundredth of a point is finer than any screen; the digits behind it are as many again.
_DRAWN = re.compile(r'(?<=\b)(?:d|x|y)="[^"]*"')
_LONG = re.compile(r"-?\d+\.\d{3,}")


def _name(draw: Any) -> str:
    return str(getattr(draw, "__name__", type(draw).__name__))
