"""Puts the Trace together: which boxes are drawn, what stands in them, every step with its changes, all by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from viz.cast import EdgeRecord, Event, NodeRecord, TensorRecord
from viz.explain import Writer
from viz.notation import brief, extent
from viz.recorder import Recorder
from viz.sources import numbering
from viz.texts import say
from viz.trace import Step, Trace

DETAIL = 30  # letters of a node's second line


def put_into_words(recorder: Recorder, title: str = "", predict: Sequence[str] = ()) -> Trace:
    """The Trace of what a recorder saw; ``predict``: what the reader is asked about, see ``viz.predict``."""
    return Assembly(recorder).write(title, predict)


def whole_phases(events: Sequence[Event]) -> int:
    """How many events make up whole phases: a run that is cut ends where a forward or backward does."""
    for place in range(len(events) - 1, 0, -1):
        if events[place].phase != events[place - 1].phase:
            return place
    return len(events)


class Assembly:
    """One run on its way to its Trace."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder, self.writer = recorder, Writer(recorder)
        self.roots: dict[TensorRecord, None] = {}

    def write(self, title: str, predict: Sequence[str] = ()) -> Trace:
        recorder = self.recorder
        # The recorder's own events stay as they are: more may be recorded, and put into words again.
        seen = recorder.events
        if recorder.cut:
            seen = seen[: whole_phases(seen)]
        events = [replace(event, active=list(event.active), changes=list(event.changes)) for event in seen]
        for event in events:
            if event.kind == "backward":
                self.roots |= dict.fromkeys(record for record, _ in event.facts["seeds"])
        kept = self._kept()
        self._add_outputs(kept, events)
        steps = []
        for number_, event in enumerate(events):
            self.writer.now = number_
            steps.append(self.writer.step(event))
        self._write_cast()
        self._write_changes(events)
        made = self._assemble(title, kept, steps, events)
        if predict:
            from viz.predict import questions

            made.questions, refused = questions(self.writer, events, predict)
            made.notes += refused
        return made

    def _kept(self) -> dict[NodeRecord, None]:
        """The nodes worth drawing: what is not recorded and has no name only where it feeds something that is."""
        kept: dict[NodeRecord, None] = {}
        for node in self.recorder.nodes:
            record = node.tensor
            named = record is not None and bool(record.names or record.hint) and not record.of_gradient
            current = record is not None and record.node is node
            if node.cast.kind == "untracked" and not (named and current and node.operation is not None):
                continue
            if not node.hidden:
                kept[node] = None
        for edge in reversed(self.recorder.edges):
            if edge.target in kept:
                kept[edge.source] = None
        return {node: None for node in self.recorder.nodes if node in kept}

    def _add_outputs(self, kept: dict[NodeRecord, None], events: list[Event]) -> None:
        """A box for each result that nothing consumes."""
        consumed = {(edge.source, edge.output) for edge in self.recorder.edges if edge.target in kept}
        for node in list(kept):
            if node.cast.kind != "operation":
                continue
            for place, record in enumerate(node.outputs):
                wanted = record.names or record.hint or record in self.roots
                if (node, place) in consumed or record.node is not node or not wanted or not events:
                    continue
                box = NodeRecord("output", "", record, node.cast.line, node.step)
                edge = EdgeRecord(node, box, 0, place)
                self.writer.outputs[record] = box, edge
                event = events[min(node.step, len(events) - 1)]
                event.changes += [[box, "visible", True], [edge, "visible", True]]
                if node in event.active:
                    event.active += [box, edge]
                box.outputs = [record]

    def _write_cast(self) -> None:
        """Labels, details and names: now that every symbol is known."""
        self.writer.now = -1
        for record in self.recorder.tensors:
            self.writer.now = record.made
            record.cast.name = self._row_name(record)
            symbol = "" if record.names else self.writer.letters.get(record, "")
            record.cast.symbol = "" if symbol == record.cast.name else symbol
        for node in (*self.recorder.nodes, *(box for box, _ in self.writer.outputs.values())):
            self.writer.now = node.step
            for chip in node.chips:
                chip.cast.label = say("chip", x=self.writer.symbol(chip.tensor))
            if node.tensor is None:
                continue
            if node.cast.kind == "operation":
                node.cast.detail = self._detail(node)
            else:
                record = node.tensor
                node.cast.label = self.writer.row_name(record)
                text = brief(record.first.value)
                if node.operation is not None:
                    node.cast.detail = self._with_value(self.writer.operation_text(node.operation), text, record)
                else:
                    node.cast.detail = f"{text}  v{node.version or record.cast.version}"

    def _row_name(self, record: TensorRecord) -> str:
        """What stands in the table at this step; with its letter, of a tensor that has a name at other steps only."""
        name, letter = self.writer.row_name(record), self.writer.letters.get(record)
        nameless = letter is not None and record.names and self.writer.given_name(record) is None
        return f"{letter} = {name}" if nameless and letter != name else name

    def _detail(self, node: NodeRecord) -> str:
        operation = node.operation
        if operation is None or not operation.results:
            return ""
        result = operation.results[0]
        text = self.writer.operation_text(operation)
        if node.cast.label == "CopySlices":
            return self._with_value(
                f"{self.writer.row_name(operation.arguments[0].tensor)} ← {text}", "", result.tensor
            )
        below = self.writer.outputs.get(result.tensor)
        told = below is not None and below[1].source is node and len(operation.results) == 1  # by the box below
        if not told and (result.tensor in self.writer.letters or self.writer.given_name(result.tensor)):
            text = f"{', '.join(self.writer.symbol(part.tensor) for part in self.writer.results(operation))} = {text}"
        value = brief(result.snap.value) if len(operation.results) == 1 else ""
        return self._with_value(text, value, result.tensor)

    def _with_value(self, text: str, value: str, record: TensorRecord) -> str:
        if not value:
            return text
        shape = record.cast.value.shape if record.cast.value is not None else []
        for ending in dict.fromkeys((value, extent(shape))):
            if len(text) + len(ending) + 3 <= DETAIL:
                return f"{text} = {ending}"
        return text

    def _write_changes(self, events: list[Event]) -> None:
        """What follows from the changes: a box that shows a tensor's value or name shows the new one."""
        for record in self.recorder.tensors:
            for place, (since, name) in enumerate(record.names):
                step = since if name is not None else since - 1  # a name is taken away as another tensor gets it
                step = min(step, len(events) - 1)  # what it is called when all is over
                if place and step >= 0:
                    self.writer.now = since
                    events[step].changes.append([record, "name", self._row_name(record)])
        boxes: dict[TensorRecord, list[NodeRecord]] = {}
        for node in (*self.recorder.nodes, *(box for box, _ in self.writer.outputs.values())):
            own = node.tensor is not None and (node.tensor.node is node or node.cast.kind == "output")
            if node.tensor is not None and own and node.cast.kind != "operation" and node.operation is None:
                boxes.setdefault(node.tensor, []).append(node)
        state: dict[tuple[TensorRecord, str], Any] = {}
        for place, event in enumerate(events):
            for changed, attribute, value in list(event.changes):
                if attribute == "grad_fn" and changed in self.writer.outputs:
                    box, edge = self.writer.outputs[changed]
                    if place > edge.source.step and value != edge.source.cast.label:  # a view: its base was changed
                        event.changes += [[box, "visible", False], [edge, "visible", False]]
                if changed not in boxes:
                    continue
                if attribute == "visible" and value is False:  # the tensor is gone, and its box fades
                    event.changes += [[box, "freed", True] for box in boxes[changed]]
                if attribute not in ("value", "version"):
                    continue
                state[changed, attribute] = value
                text = brief(state.get((changed, "value"), changed.first.value))
                version = state.get((changed, "version"), changed.cast.version)
                event.changes += [[box, "detail", f"{text}  v{version}"] for box in boxes[changed]]

    def _assemble(self, title: str, kept: dict[NodeRecord, None], steps: list[Step], events: list[Event]) -> Trace:
        recorder = self.recorder
        ids: dict[Any, str] = {}
        drawn = (*kept, *(box for box, _ in self.writer.outputs.values()))
        needed = {tensor for node in drawn for tensor in (node.tensor, *(chip.tensor for chip in node.chips))}
        for event in events:
            seen = {(record, attribute): value for record, attribute, value in event.changes}
            needed |= {record for (record, attribute), value in seen.items() if attribute == "visible" and value}
        tensors = [record for record in recorder.tensors if record in needed]
        for place, record in enumerate(tensors):
            record.cast.id = ids[record] = f"t{place}"
        nodes = sorted(drawn, key=lambda node: node.step)
        chips = 0
        for place, node in enumerate(nodes):
            node.cast.id = ids[node] = f"n{place}"
            node.cast.tensor = None if node.tensor is None else ids[node.tensor]
            for chip in node.chips:
                chip.cast.id = ids[chip] = f"s{chips}"
                chip.cast.tensor = ids[chip.tensor]
                chips += 1
        edges = [edge for edge in recorder.edges if edge.source in kept and edge.target in kept]
        edges += [edge for _, edge in self.writer.outputs.values()]
        for place, edge in enumerate(edges):
            edge.cast.id, edge.cast.source, edge.cast.target = f"e{place}", ids[edge.source], ids[edge.target]
            ids[edge] = edge.cast.id
        for step, event in zip(steps, events, strict=True):
            step.active = list(dict.fromkeys(ids[part] for part in event.active if part in ids))
            step.changes = _tidy([[ids[r], attribute, value] for r, attribute, value in event.changes if r in ids])
        notes = [recorder.stopped] if recorder.stopped else []
        if recorder.cut:
            key = "cut" if len(steps) == len(recorder.events) else "cut.phase"
            notes = [say(key, limit=f"{recorder.limit:,}", shown=f"{len(steps):,}") + " " + say("cut.advice")]
        source = [line for part in recorder.sources for line in part.lines]
        first_line, resumed = numbering(recorder.sources)
        return Trace(
            source,
            steps,
            [replace(node.cast, chips=[replace(chip.cast) for chip in node.chips]) for node in nodes],
            [replace(edge.cast) for edge in edges],
            [replace(record.cast) for record in tensors],
            title,
            notes=notes,
            first_line=first_line,
            resumed=resumed,
        )


def _tidy(changes: list[list[Any]]) -> list[list[Any]]:
    """Of several changes of one field in a step, the last."""
    last = {(name, attribute): value for name, attribute, value in changes}
    return [[*key, value] for key, value in last.items()]
