"""What every test run shares: what comes first, and that where nothing may be skipped a skip is a failure.

With MINIGRAD_NO_SKIP=1 (CI sets it) whatever would keep a check from being made counts as failed: a skip in a test, in
a fixture, in a notebook or while a file is collected, an xfail, a `doctest: +SKIP`, a deselected test. The reports
themselves are turned, in the outermost wrapper, so no later hook can turn them back.
"""

from __future__ import annotations

import doctest
import os
from collections.abc import Generator, Sequence

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # A plugin, not this file's own hooks: those would not see the docstrings of minigrad/ nor the notebooks.
    if os.environ.get("MINIGRAD_NO_SKIP", "0") not in ("", "0"):
        config.pluginmanager.register(NoSkips(), "no-skips")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's files take minutes each: they come first, so that no worker has one left at the end."""
    items.sort(key=lambda item: "browser" not in item.path.parts)


class NoSkips:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if hasattr(report, "wasxfail"):
            fail(report, f"xfail: {report.wasxfail}")
            del report.wasxfail
        elif report.skipped:
            fail(report, reason(report))
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped:
            fail(report, reason(report))
        return report

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        names = ", ".join(item.nodeid for item in items)
        raise pytest.UsageError(f"nothing may be skipped here (MINIGRAD_NO_SKIP), and these are deselected: {names}")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        skip = doctest.OPTIONFLAGS_BY_NAME["SKIP"]
        left_out = [
            f"{item.nodeid}: >>> {example.source.strip()}"
            for item in session.items
            if isinstance(item, pytest.DoctestItem)
            for example in item.dtest.examples
            if example.options.get(skip)
        ]
        if left_out:
            raise pytest.UsageError("nothing may be skipped here (MINIGRAD_NO_SKIP):\n" + "\n".join(left_out))


def fail(report: pytest.TestReport | pytest.CollectReport, why: str) -> None:
    report.outcome = "failed"
    report.longrepr = f"{why}\n(with MINIGRAD_NO_SKIP=1 a skip is a failure)"


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason given for a skip, with the place of the skip where it is known."""
    if isinstance(report.longrepr, tuple):
        path, line, message = report.longrepr
        return f"{path}:{line}: {message}"
    return str(report.longrepr)
