"""A real JupyterLab, driven by a real Chromium: one server for the run, a fresh page and folder for each test.

Nothing is simulated and nothing is waited for by the clock: JupyterLab hands its application object to the page
(`expose_app_in_browser`), so a test asks JupyterLab itself whether the kernel is idle or a file is saved. Server and
page live in a home of their own and reach no other host; `Lab.outside` lists what they tried to load from elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

PROJECT = Path(__file__).resolve().parents[2]
SCREENSHOTS = PROJECT / "screenshots"
TIMEOUT = 60_000  # ms, for whatever waits: generous, since it is only spent when something is broken
expect.set_options(timeout=TIMEOUT)

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension/themes": {"adaptive-theme": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    # Cells far from the window stay in the page, so that a test can look at them.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


def chromium() -> str | None:
    """The browser the tests drive: $CHROME, or the first Chromium or Chrome on the path."""
    names = (os.environ.get("CHROME"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: where it answers, what it serves, and the home it keeps settings and signatures in."""

    url: str
    token: str
    root: Path
    home: Path

    def reset(self) -> None:
        """Forget what the last test chose in the menus."""
        shutil.rmtree(self.home / "settings", ignore_errors=True)
        for name, values in SETTINGS.items():
            file = self.home / "settings" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))

    def api(self, path: str, method: str = "GET") -> Any:
        """Ask the server's REST interface."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    root = tmp_path_factory.mktemp("notebooks")
    page_config = home / "config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True)
    page_config.write_text(json.dumps({"buildCheck": False}))  # seconds at every load, to find nothing to build

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))} | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_TOKEN": token,
        "PYTHONPATH": str(PROJECT),  # what the kernels import is this checkout
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.root_dir={root}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    log = home / "jupyterlab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, cwd=root, stdout=output, stderr=output)
    server = Server(f"http://127.0.0.1:{port}", token, root, home)
    try:
        wait_for_server(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_server(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT / 1000
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.api("status")
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """One browser for the run: what it has loaded once it keeps, which halves the time of a test."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium or Chrome on the path: install one, or name it in the environment variable CHROME")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += [
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser.new_context(viewport={"width": 1400, "height": 1000})
        browser.close()


@pytest.fixture
def lab(browser: BrowserContext, server: Server, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A window on a copy of notebooks/, as a fresh clone has them: not yet trusted."""
    server.reset()
    folder = server.root / re.sub(r"\W+", "-", request.node.name).strip("-")
    folder.mkdir()
    for path in (PROJECT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, folder)
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    lab = Lab(page, server, folder)
    page.on("request", lambda request: lab.note(request.url))
    page.on("console", lambda message: lab.console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: lab.console.append(f"exception: {error}"))
    yield lab
    page.close()
    lab.shut_down_kernels()


@dataclass
class Lab:
    """A JupyterLab window with, after `open`, one notebook in it."""

    page: Page
    server: Server
    folder: Path
    notebook: str = ""
    outside: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def write(self, name: str, cells: Sequence[str], *, trusted: bool = True) -> None:
        """Make a notebook from the sources of its code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        self.store(name, notebook)
        if trusted:
            self.trust(name)

    def store(self, name: str, notebook: nbformat.NotebookNode) -> None:
        """Put a notebook into the folder, as if it came from somebody else."""
        nbformat.write(notebook, self.folder / name)

    def trust(self, name: str) -> None:
        """Sign a notebook as JupyterLab does when its reader trusts it: without that, stored scripts do not run."""
        data = self.server.home / "data"
        data.mkdir(exist_ok=True)
        notary = NotebookNotary(data_dir=str(data))
        try:
            notary.sign(nbformat.read(self.folder / name, as_version=4))
        finally:
            notary.store.close()

    def receive(self, name: str) -> None:
        """Open what is saved as it comes back from somebody else, who changed it: not trusted, and with no kernel."""
        notebook = self.read()
        notebook.cells[0].source += "\n# changed by somebody else"
        self.shut_down_kernels()
        self.store(name, notebook)
        self.open(name)

    def read(self) -> nbformat.NotebookNode:
        """The open notebook as it is on disk."""
        return nbformat.read(self.folder / self.notebook, as_version=4)

    def open(self, name: str) -> None:
        """Show a notebook, and wait until it is there and its kernel is idle."""
        self.notebook = name
        place = f"lab/workspaces/{self.folder.name}/tree/{self.folder.name}/{name}?token={self.server.token}"
        self.page.goto(f"{self.server.url}/{place}")
        self.wait_ready()

    def reload(self) -> None:
        """Load the page anew, as F5 does, and wait for the notebook. Nothing is run."""
        self.page.reload()
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait_for_function(
            "path => window.jupyterapp?.shell.currentWidget?.context?.path === path",
            arg=f"{self.folder.name}/{self.notebook}",
        )
        self.page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                await Promise.all([window.jupyterapp.restored, panel.revealed, panel.sessionContext.ready]);
            }"""
        )
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel is idle and no cell is waiting for it."""
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp.shell.currentWidget;
                const waiting = panel.content.widgets.some(cell => cell.promptNode?.textContent.includes("*"));
                return panel.sessionContext.session?.kernel?.status === "idle" && !waiting;
            }"""
        )

    def command(self, name: str, **arguments: Any) -> Any:
        """Run one of JupyterLab's own commands, those of its menus, and wait until it is done."""
        run = "async ([name, args]) => { const r = await window.jupyterapp.commands.execute(name, args); return !!r; }"
        return self.page.evaluate(run, [name, arguments])

    def run_all(self) -> None:
        """Run every cell, as the menu does, and wait until the last is done."""
        self.command("notebook:run-all-cells")
        self.wait_idle()

    def run(self, number: int) -> None:
        """Run one cell, and wait until it is done."""
        self.page.evaluate(
            "number => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = number; }", number
        )
        self.command("notebook:run-cell")
        self.wait_idle()

    def save(self) -> None:
        """Save, and wait until the file is written."""
        self.command("docmanager:save")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

    def shut_down_kernels(self) -> None:
        """End every kernel, as a reader does who comes back the next day."""
        for session in self.server.api("sessions"):
            self.server.api(f"sessions/{session['id']}", "DELETE")

    def theme(self, name: str) -> None:
        """Switch to the "light" or the "dark" theme."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name.capitalize()}")
        light = str(name == "light").lower()
        self.page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")

    def cell(self, number: int) -> Locator:
        """A cell of the open notebook, from 0."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell").nth(number)

    def output(self, number: int) -> Locator:
        """What stands under a cell, with its prompt."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def screenshot(self, name: str, part: Locator | None = None) -> Path:
        """Keep a picture of the window, or of a part of it, in screenshots/."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        if part is None:
            self.page.screenshot(path=path)
        else:
            part.screenshot(path=path)
        return path

    def note(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:")):
            self.outside.append(url)
