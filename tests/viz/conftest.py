"""What the tests of viz share."""

from __future__ import annotations

from typing import Any

import IPython.display
import pytest

from viz import progress


class Screen:
    """What is displayed, as IPython's display and its handle would show it."""

    def __init__(self) -> None:
        self.outputs: list[Any] = []

    def display(self, what: Any, display_id: bool = False, raw: bool = False) -> Any:
        self.outputs.append(what)
        return self if display_id else None

    def update(self, what: Any, raw: bool = False) -> None:
        self.outputs[-1] = what


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(progress, "display", screen.display)
    monkeypatch.setattr(IPython.display, "display", screen.display)
    return screen
