"""What a teacher is told agrees with the notebooks."""

from __future__ import annotations

import re
from pathlib import Path

from tests.notebooks.test_course import FOLDER, LINK, NOTEBOOKS, START, cells, prose

PROJECT = FOLDER.parent
TEXT = (FOLDER / "TEACHING.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| \[\d\d\]\((.+?)\) \| .+ \| (\d+) min \|$", re.MULTILINE)


def minutes(path: Path) -> int:
    found = re.search(r"\*\*(\d+) minutes\*\*", cells(path)[0].source)
    assert found
    return int(found[1])


TAKES = {path.name: minutes(path) for path in NOTEBOOKS}


def sections(level: str, text: str) -> dict[str, str]:
    parts = re.split(rf"^{level} (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_notebook_has_its_objective_its_misconception_and_its_stepper_and_its_minutes() -> None:
    found = sections("###", sections("##", TEXT)["Notebook by notebook"])
    titles = [re.fullmatch(r"\[(\d\d) .+\]\((.+)\) · (\d+) minutes", title) for title in found]
    assert {title[2]: int(title[3]) for title in titles if title} == TAKES
    assert [title[2] for title in titles if title] == sorted(TAKES)
    for text in found.values():
        assert re.findall(r"^- \*\*(.+)\.\*\* .", text, re.MULTILINE) == [
            "Objective",
            "Misconception",
            "What the stepper shows",
        ]


def test_a_plan_names_the_minutes_of_the_notebooks_and_adds_them_up() -> None:
    plans = sections("###", sections("##", TEXT)["Plans"])
    assert list(plans) == ["Two hours", "Five sessions"]
    tables = re.findall(r"(?:^\|.+\n)+", "\n".join(plans.values()), re.MULTILINE)
    assert len(tables) == 1 + 5
    for table, most in zip(tables, (120, *[100] * 5), strict=True):
        rows = ROW.findall(table)
        assert rows
        assert all(TAKES[name] == int(takes) for name, takes in rows)
        pause = sum(int(takes) for takes in re.findall(r"pause \| (\d+) min", table))
        together = re.search(r"\*\*(\d+) min\*\*", table)
        assert together
        assert int(together[1]) == pause + sum(TAKES[name] for name, _ in rows) <= most


def test_five_sessions_and_what_is_for_home_are_the_whole_course() -> None:
    plan = sections("###", TEXT)["Five sessions"].split("\n## ")[0]
    assert sorted(LINK.findall(plan)) == sorted(TAKES)
    for name, takes in re.findall(r"\]\((.+?)\), [^.]+?, (\d+) min", plan):
        assert TAKES[name] == int(takes)


def test_its_links_lead_to_files_and_readme_and_the_way_in_lead_to_it() -> None:
    assert [target for target in LINK.findall(TEXT) if not (FOLDER / target).exists()] == []
    assert "notebooks/TEACHING.md" in LINK.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert "TEACHING.md" in LINK.findall(prose(FOLDER / f"{START}.ipynb"))
