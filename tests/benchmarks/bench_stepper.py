"""A step of the stepper in Chromium: what the main thread does from the click to the next frame, against a budget."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import Workload

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")

# The click, as a task of its own, and then the frame it leads to: animation callbacks, style, layout and paint. The
# wait for the screen between the two is not work.
MEASURE = """async () => {
    const next = document.querySelector('.mg-next'), times = [];
    const after = () => new Promise(done => {
        const c = new MessageChannel(); c.port1.onmessage = done; c.port2.postMessage(0); });
    const step = () => new Promise(done => {
        let click = 0;
        requestAnimationFrame(async () => {
            const start = performance.now(); await after(); done(click + performance.now() - start); });
        const start = performance.now(); next.click(); click = performance.now() - start;
    });
    for (let i = 0; i < 120; i++) {
        times.push(await step());
        await new Promise(done => setTimeout(done, 10));
    }
    return times;
}"""


def stepping(nodes: int) -> Callable[[], float]:
    """The median time of a step in a picture of so many nodes, in seconds."""

    def measure() -> float:
        from playwright.sync_api import sync_playwright

        from tests.viz.samples import recurrent
        from viz import page as pages

        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
            file = Path(folder) / "page.html"
            pages.save(recurrent(nodes), file)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            page = browser.new_page(viewport={"width": 1180, "height": 760})
            page.goto(file.as_uri())
            page.wait_for_timeout(500)
            times = page.evaluate(MEASURE)
            browser.close()
        return statistics.median(times) / 1000

    return measure


WORKLOADS = (
    [
        Workload(
            f"a step among {nodes} nodes, against {budget} ms", goal=1.0, seconds=stepping(nodes), budget=budget / 1000
        )
        for nodes, budget in ((300, 5), (2600, 16))
    ]
    if CHROMIUM
    else []
)
