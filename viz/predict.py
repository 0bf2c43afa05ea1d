"""Questions before a step: what the reader is to predict, and what the usual wrong answers say about their idea.

A gradient is asked for before it arrives; the wrong answers that are known are worked out from the run itself: the
part that came along one path, what this backward pass brings alone, what stood there before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from viz.cast import Event, Snap
from viz.texts import say
from viz.trace import Question, Trap

if TYPE_CHECKING:
    from viz.explain import Writer

MOST = 16  # numbers that a reader can be asked for
FEW = 6  # those that are asked for where "all" is asked
RAISES = "raises"


def questions(writer: Writer, events: Sequence[Event], wanted: Sequence[str]) -> tuple[list[Question], list[str]]:
    """What is asked about a run, and in words why any of it cannot be asked.

    Args:
        wanted: "x.grad" for each arrival of a gradient at x, or that none arrives; "raises" for whether a backward runs
            to its end; "all" for both, of every leaf with few numbers that gets a gradient.
    """
    found: list[Question] = []
    answered, large = set(), set()
    begin = 0  # where the backward pass that is running began: it is hidden as a whole
    for place, event in enumerate(events):
        if event.kind == "backward":
            begin = place
        for subject, question in _about(writer, events, place, event, begin):
            if question is None:
                large.add(subject)
            elif question.step and (subject in wanted or ("all" in wanted and _is_for_all(event, question))):
                found.append(question)
                answered.add(subject)
    refused = []
    for subject in wanted:
        if subject in large:
            refused.append(say("predict.many", subject=subject, most=MOST))
        elif subject not in (*answered, "all", RAISES):
            never = _none(writer, events, begin, subject)
            found += [never] if never else []
            refused += [] if never else [say("predict.nothing", subject=subject)]
    return sorted(found, key=lambda question: question.step), refused


def _is_for_all(event: Event, question: Question) -> bool:
    return event.kind != "retain" and (bool(question.choices) or len(question.answer.split()) <= FEW)


def _about(
    writer: Writer, events: Sequence[Event], place: int, event: Event, begin: int
) -> Iterator[tuple[str, Question | None]]:
    """What may be asked of an event, by its subject; None: it has too many numbers."""
    facts = event.facts
    kept = event.kind == "retain" and facts["snap"] is not None and facts["before"] is None
    if kept or (event.kind == "accumulate" and "returned" not in facts):
        answer = _numbers(facts["snap" if kept else "after"])
        x = writer.symbol(facts["tensor"])
        text = say("predict.grad", x=x, line=writer.line_name(event.line))
        traps = [] if answer is None else list(_traps(writer, events, event, x, answer))
        yield say("gradient", x=x), None if answer is None else Question(begin, text, answer, traps=traps)
    elif event.kind == "backward" or (event.kind == "error" and _alone(events, place)):
        fails = event.kind == "error" or _fails(events, place)
        runs, raises = say("predict.runs"), say("predict.raises")
        text = say("predict.raise", line=writer.line_name(event.line))
        yield RAISES, Question(place, text, raises if fails else runs, [runs, raises])


def _none(writer: Writer, events: Sequence[Event], begin: int, subject: str) -> Question | None:
    """What is asked about a leaf that no gradient reaches, before the last backward begins; None: no such leaf."""
    for event in events:
        if event.kind == "leaf" and begin:
            leaf: Snap = event.facts["tensor"].snap
            x = writer.symbol(event.facts["tensor"])
            if say("gradient", x=x) == subject and leaf.array is not None:
                text = say("predict.grad", x=x, line=writer.line_name(events[begin].line))
                zero = Trap(" ".join("0" * min(leaf.array.size, MOST)), say("predict.not.zero", x=x))
                others = _others(writer, events, event, {"None", zero.answer})
                return Question(begin, text, "None", traps=[zero, *others])
    return None


def _traps(writer: Writer, events: Sequence[Event], event: Event, x: str, answer: str) -> Iterator[Trap]:
    facts = event.facts
    candidates: list[tuple[Any, str]] = []
    if event.kind == "accumulate" and facts["before"] is not None:
        candidates += [(facts["arriving"], "predict.last"), (facts["before"], "predict.before")]
    if len(facts.get("arrived", ())) > 1:
        candidates += [(part, "predict.path") for _, part in facts["arrived"]]
        by_node: dict[Any, list[Any]] = {}  # x * x sends two that belong together
        for node, part in facts["arrived"]:
            by_node.setdefault(node, []).append(part.array)
        candidates += [(Snap(sum(arrays)), "predict.path") for arrays in by_node.values() if len(arrays) > 1]
    candidates.append((facts["tensor"].snap, "predict.value"))
    known = {answer}
    for snap, key in candidates:
        wrong = _numbers(snap)
        if wrong is not None and wrong not in known:
            known.add(wrong)
            yield Trap(wrong, say(key, x=x))
    yield from _others(writer, events, event, known)
    zero = " ".join("0" for _ in answer.split())
    if zero not in known:
        yield Trap(zero, say("predict.zero", x=x))
    yield Trap("None", say("predict.none", x=x))


def _others(writer: Writer, events: Sequence[Event], event: Event, known: set[str]) -> Iterator[Trap]:
    """The gradients of the other leaves, as far as they are not ``known`` answers."""
    for other in events:
        if (
            other.kind == "accumulate"
            and "returned" not in other.facts
            and other.facts["tensor"] is not event.facts["tensor"]
        ):
            wrong = _numbers(other.facts["after"])
            if wrong is not None and wrong not in known:
                known.add(wrong)
                yield Trap(wrong, say("predict.other", x=writer.symbol(other.facts["tensor"])))


def _numbers(snap: Any) -> str | None:
    """The numbers of a small tensor; None where they are too many."""
    if snap is None or snap.array is None or not 0 < snap.array.size <= MOST:
        return None
    return " ".join(f"{value:.6g}" for value in snap.array.ravel().tolist())


def _fails(events: Sequence[Event], place: int) -> bool:
    """Whether the backward that begins here ends in an error."""
    for event in events[place + 1 :]:
        if event.kind == "error":
            return True
        if event.phase != "backward" or event.kind == "backward":
            return False
    return False


def _alone(events: Sequence[Event], place: int) -> bool:
    """Whether an error came where no backward was running."""
    return all(event.phase != "backward" for event in events[max(place - 1, 0) : place])
