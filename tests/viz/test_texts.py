"""The catalogue: every sentence in one place, so that a language is one table and no code."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.viz import recorded
from viz import page, texts

PROGRAM = page.program("stepper")
PLACES = re.compile(r"\{\w+\}")


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language in which every word is ŵŵŵŵ: what is left in English was not said by the catalogue."""
    table = {
        key: "".join(part if PLACES.fullmatch(part) else re.sub("[A-Za-z]", "ŵ", part) for part in split(text))
        for key, text in texts.EN.items()
    }
    monkeypatch.setitem(texts.LANGUAGES, "pseudo", table)
    texts.use("pseudo")
    yield
    texts.use("en")


def split(text: str) -> list[str]:
    return re.split(r"(\{\w+\})", text)


def said() -> set[str]:
    """The keys that the stepper says: written whole, or made of a beginning and something of the run's."""
    whole = set(re.findall(r'say\(\s*"([\w.]+)"', PROGRAM))
    whole |= {key for pair in re.findall(r'say\([^()`]*? \? "([\w.]+)" : "([\w.]+)"', PROGRAM) for key in pair}
    return whole


def test_whatever_the_program_says_is_in_the_catalogue() -> None:
    keys = set(texts.interface())
    assert said() <= keys
    for beginning in re.findall(r"say\(`([\w.]+\.)\$\{", PROGRAM):
        assert any(key.startswith(beginning) for key in keys), beginning


def test_the_catalogue_has_nothing_the_program_does_not_say() -> None:
    written = set(re.findall(r'"([\w.]+)"', PROGRAM))
    beginnings = tuple(re.findall(r"say\(`([\w.]+\.)\$\{", PROGRAM))
    assert [key for key in texts.interface() if key not in written and not key.startswith(beginnings)] == []


def test_no_sentence_stands_in_the_program() -> None:
    """A literal with a space between two words would be one; the rest are names, attributes and CSS."""
    code = re.sub(r"/\*.*?\*/|^\s*//.*$", "", PROGRAM, flags=re.S | re.M)
    code = re.sub(r"throw new Error\(.*?\);", "", code)  # for whoever embeds it
    literals = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    keywords = ("mrow mi", "msqrt", "and as assert", "not or pass")
    sentences = [
        text
        for text in literals
        if re.search(r"[A-Za-z]{2,},? [A-Za-z]{2,}", text)
        and not text.startswith(keywords)
        and not all(word.startswith("mg-") for word in text.split())
    ]
    assert sentences == []


def test_another_language_reaches_the_page(pseudo: None) -> None:
    trace = recorded.run(recorded.PROGRAMS["product"])[0].trace
    html = page.fragment(trace)
    assert '"step": "ŵŵŵŵ"' in html
    assert texts.interface()["count"] == "ŵŵŵŵ {step} ŵŵ {count}"
    left = " ".join(step.title + " " + step.text for step in trace.steps)
    assert set(re.findall(r"[A-Za-z]{3,}", left)) <= {"AddBackward", "SubBackward", "MulBackward", "grad"}
    assert not re.search(r"[A-Za-z]{3,}", html[html.index("<small>") + 7 : html.index("</small>")])


def test_every_language_has_places_for_the_same_words() -> None:
    for table in texts.LANGUAGES.values():
        for key, text in table.items():
            assert set(PLACES.findall(text)) == set(PLACES.findall(texts.EN[key])), key
