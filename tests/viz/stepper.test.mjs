// The stepper without a page: the walk through a Trace, and the texts it makes. Run by node's own test runner.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const here = new URL(".", import.meta.url);
const program = new URL("../../viz/static/stepper/", here);
const modules = readdirSync(program).map((name) => import(new URL(name, program)));
const js = Object.assign({}, ...(await Promise.all(modules)));
const names = readdirSync(new URL("traces/", here)).filter((name) => name.endsWith(".json"));
const read = (name) => JSON.parse(readFileSync(new URL(`traces/${name}`, here), "utf-8"));

const state = ({ slots }) => JSON.stringify([...slots].map(([id, slot]) => [id, slot.now]));

/** The state after step k, worked out anew from the start. */
function fresh(trace, k) {
  const run = js.load(trace);
  js.walk(run.changes, -1, k);
  return state(run);
}

for (const name of names) {
  const trace = read(name);

  test(`${name}: back undoes what forward did, step by step`, () => {
    const run = js.load(trace);
    const states = [state(run)];
    trace.steps.forEach((_, k) => {
      js.walk(run.changes, k - 1, k);
      states.push(state(run));
    });
    for (let k = trace.steps.length - 1; k >= 0; k--) {
      js.walk(run.changes, k, k - 1);
      assert.equal(state(run), states[k]);
    }
  });

  test(`${name}: a jump leads where the steps lead`, () => {
    const run = js.load(trace);
    let at = -1;
    let seed = 7;
    for (let i = 0; i < 60; i++) {
      seed = (seed * 48271) % 2147483647;
      const to = (seed % (trace.steps.length + 1)) - 1;
      js.walk(run.changes, at, to);
      at = to;
      assert.equal(state(run), fresh(trace, at));
    }
  });

  test(`${name}: a step touches only what it changes`, () => {
    const run = js.load(trace);
    trace.steps.forEach((step, k) => {
      const touched = [...js.walk(run.changes, k - 1, k)].map((slot) => slot.item.id).sort();
      assert.deepEqual(touched, [...new Set((step.changes || []).map(([id]) => id))].sort());
    });
  });

  test(`${name}: the segments of the timeline cover every step once`, () => {
    const parts = js.segments(trace.steps);
    assert.equal(parts[0].start, 0);
    parts.forEach((part, i) => assert.equal(part.end, i + 1 < parts.length ? parts[i + 1].start : trace.steps.length));
    for (const part of parts) {
      for (let k = part.start; k < part.end; k++) {
        const { phase, kind } = trace.steps[k];
        assert.ok(phase === part.phase || (part.phase === "freed" && kind === "free"));
      }
    }
  });
}

test("loading leaves the trace as it was", () => {
  const trace = read("product.json");
  const before = JSON.stringify(trace);
  js.walk(js.load(trace).changes, -1, trace.steps.length - 1);
  assert.equal(JSON.stringify(trace), before);
});

test("the last state of the first lesson", () => {
  const trace = read("product.json");
  const { slots, changes } = js.load(trace);
  js.walk(changes, -1, trace.steps.length - 1);
  assert.equal(slots.get("x").now.grad.text, "[1.]");
  assert.equal(slots.get("y").now.grad.text, "[6.]");
  assert.equal(slots.get("z").now.grad, "not kept · 1.");
  assert.deepEqual([slots.get("c-a").now.held, slots.get("c-b").now.held], [false, false]);
  js.walk(changes, trace.steps.length - 1, 0);
  assert.equal(slots.get("y").now.grad, null, "None, not zero");
  assert.equal(slots.get("c-a").now.held, null);
});

test("gradients travel in the steps of a backward pass, and not in the operations that it runs", () => {
  assert.equal(js.isOfGradients({ phase: "backward", kind: "node" }), true);
  assert.equal(js.isOfGradients({ phase: "backward", kind: "operation" }), false);
  assert.equal(js.isOfGradients({ phase: "forward", kind: "operation" }), false);
});

test("an error is a state of its node", () => {
  const trace = read("second_backward.json");
  const { slots, changes } = js.load(trace);
  js.walk(changes, -1, trace.steps.length - 1);
  assert.equal(slots.get("n-q").now.failed, true);
  const say = js.speaker({ "a.line": "line {line}", "line.of": "{line}, part {part}" });
  const says = (more) => js.failureText(trace.steps.at(-1), js.nameLines({ ...trace, ...more }, say), say);
  assert.equal(says({}), "RuntimeError · line 4");
  assert.equal(says({ first_line: 12 }), "RuntimeError · line 15");
  assert.equal(says({ first_line: 12, resumed: [[3, 7]] }), "RuntimeError · line 8, part 2");
});

test("every backward() has its own segment", () => {
  const parts = js.segments(read("second_backward.json").steps);
  assert.deepEqual(parts.map((part) => `${part.phase} ${part.number}`), ["forward 0", "backward 1", "backward 2", "error 0"]);
});

test("another version is refused by name", () => {
  assert.throws(() => js.load({ ...read("product.json"), version: 1 }), /version 2; this one is version 1/);
  assert.throws(() => js.load(null), /version/);
});

test("bytes", () => {
  const texts = [0, 8, 999, 1000, 1234, 9949, 9950, 100352, 999499, 999500, 12_345_678, 5e9].map(js.bytesText);
  assert.deepEqual(texts, ["0 B", "8 B", "999 B", "1.0 kB", "1.2 kB", "9.9 kB", "10 kB", "100 kB", "999 kB", "1.0 MB", "12 MB", "5.0 GB"]);
});

test("numbers short enough for a cell", () => {
  const numbers = [0, 1, -1, 0.5, 3.14159, -12.345, 123.456, 9999.4, 12345, 0.0123, 0.00012, -1e-9, "nan", "inf", null];
  assert.deepEqual(numbers.map(js.cellText), ["0", "1", "−1", "0.5", "3.14", "−12.3", "123", "9999", "1.2e4", "0.012", "1.2e−4", "−1.0e−9", "nan", "inf", ""]);
});

test("clipping counts wide letters twice", () => {
  assert.equal(js.clip("MulBackward0", 12), "MulBackward0");
  assert.equal(js.clip("MulBackward0", 6), "MulBa…");
  assert.equal(js.clip("中文中文", 8), "中文中文");
  assert.equal(js.clip("中文中文", 6), "中文…");
  assert.equal(js.clip("中文中文", 5), "中文…");
  assert.equal(js.clip("", 5), "");
  assert.equal(js.clip("😀😀😀", 5), "😀😀…");
});

test("an edge ends in an arrow that touches the box", () => {
  const points = [10, 0, 10, 20, 50, 80, 50, 100];
  const down = js.arrow(points, false);
  assert.equal(down.line, "M10 0C10 20 50 80 50 92");
  assert.match(down.tip, /^M50 100L/);
  const up = js.arrow(points, true);
  assert.equal(up.line, "M10 8C10 20 50 80 50 100");
  assert.match(up.tip, /^M10 0L/);
  assert.deepEqual(points, [10, 0, 10, 20, 50, 80, 50, 100]);
});

test("a formula breaks before each equals sign", () => {
  const parts = js.splitMath(["mrow", ["mi", "z"], ["mo", "="], ["mi", "a"], ["mo", "="], ["mn", "5"]]);
  assert.deepEqual(parts, [["mrow", ["mi", "z"]], ["mrow", ["mo", "="], ["mi", "a"]], ["mrow", ["mo", "="], ["mn", "5"]]]);
  assert.deepEqual(js.splitMath(["mi", "x"]), [["mi", "x"]]);
});

test("an answer is read however it is written", () => {
  assert.deepEqual(js.readAnswer("tensor([1., -2.5])"), [1, -2.5]);
  assert.deepEqual(js.readAnswer("1 2;3"), [1, 2, 3]);
  assert.deepEqual(js.readAnswer("−1/3"), [-1 / 3]);
  assert.equal(js.readAnswer("None"), "None");
  assert.equal(js.readAnswer("two"), null);
  assert.equal(js.readAnswer(""), null);
});

test("an answer agrees within a tolerance, and never with another number of numbers", () => {
  assert.ok(js.agrees("0.333", "0.333333"));
  assert.ok(js.agrees("[3, 4]", "3 4"));
  assert.ok(js.agrees("it runs", "it runs"));
  assert.ok(!js.agrees("3", "3 4"));
  assert.ok(!js.agrees("0", "None"));
  assert.ok(!js.agrees("3.1", "3"));
});

// A run of two passes of a loop: n1, n2 in one group and n3, n4 in another, both in the loop's.
const folded = {
  version: 2, source: ["for ..."], width: 100, height: 300,
  nodes: ["n1", "n2", "n3", "n4"].map((id, i) => ({ id, kind: "operation", label: id, detail: "", inside: i < 2 ? "g1" : "g2", box: [0, 60 * (i % 2), 80, 40] })),
  edges: [["e1", "n1", "n2"], ["e2", "n2", "n3"], ["e3", "n3", "n4"]].map(([id, source, target]) => ({ id, source, target, path: "M40 40C40 45 40 55 40 60" })),
  groups: [
    { id: "g0", kind: "loop", label: "× 2", detail: "", box: [10, 10, 80, 40], width: 100, height: 200 },
    { id: "g1", kind: "pass", label: "iteration 1", detail: "", inside: "g0", box: [10, 10, 80, 40], width: 80, height: 100 },
    { id: "g2", kind: "pass", label: "iteration 2", detail: "", inside: "g0", box: [10, 110, 80, 40], width: 80, height: 100 },
  ],
  links: [{ id: "l0", edges: ["e2"], inside: "g0", source: "g1", target: "g2", path: "M50 50C50 70 50 90 50 110" }],
  steps: [
    { kind: "operation", phase: "forward", title: "", text: "", changes: [["n1", "visible", true]] },
    { kind: "operation", phase: "forward", title: "", text: "", changes: [["n2", "visible", true], ["e1", "visible", true]] },
    { kind: "operation", phase: "forward", title: "", text: "", changes: [["n3", "visible", true], ["e2", "visible", true]] },
    { kind: "node", phase: "backward", title: "", text: "", changes: [["e2", "gradient", "3"], ["n3", "freed", true]] },
    { kind: "free", phase: "backward", title: "", text: "", changes: [["n1", "freed", true], ["n2", "freed", true]] },
  ],
};

test("a group shows what its nodes do, and a link what its edges carry, both ways", () => {
  const { slots, changes } = js.load(folded);
  const see = () => ["g0", "g1", "g2", "l0"].map((id) => slots.get(id).now).map((now) => `${now.visible} ${now.freed} ${now.gradient}`);
  const states = [see()];
  folded.steps.forEach((_, k) => {
    js.walk(changes, k - 1, k);
    states.push(see());
  });
  const no = "undefined";
  assert.deepEqual(states[1], [`true false ${no}`, `true false ${no}`, `false false ${no}`, `false ${no} null`]);
  assert.deepEqual(states[4], [`true false ${no}`, `true false ${no}`, `true true ${no}`, `true ${no} 3`]);
  assert.deepEqual(states[5], [`true true ${no}`, `true true ${no}`, `true true ${no}`, `true ${no} 3`]);
  for (let k = 4; k >= 0; k--) {
    js.walk(changes, k, k - 1);
    assert.deepEqual(see(), states[k]);
  }
});

test("opening stretches the picture and moves nothing together", () => {
  const along = js.stretch([[10, 20, 100], [50, 10, 40]]);
  assert.equal(along(0), 0);
  assert.equal(along(10), 10);
  assert.equal(along(30), 110);
  assert.equal(along(50), 130);
  assert.equal(along(60), 170);
  assert.equal(along(100), 210);
  for (let v = 0; v < 99; v++) assert.ok(along(v + 1) - along(v) >= 1 - 1e-9);
});

test("what lies side by side is stretched once", () => {
  assert.equal(js.stretch([[10, 20, 100], [10, 20, 60]])(40), 120);
});

test("an open group holds its own picture; nothing in it overlaps", () => {
  const { slots } = js.load(folded);
  const { spread } = js.sheets(folded, slots);
  for (const opened of [[], ["g0"], ["g0", "g1"], ["g0", "g1", "g2"]]) {
    const drawn = [];
    const [w, h] = spread(new Set(opened), (slot) => slot.at.box && drawn.push(slot));
    const boxes = drawn.filter((slot) => !opened.includes(slot.item.id)).map((slot) => slot.at.box);
    const holder = (slot) => slots.get(slot.item.inside);
    for (const slot of drawn) {
      const [x, y, ww, hh] = slot.at.box;
      const [a, b, c, d] = holder(slot)?.at ? holder(slot).at.box : [0, 0, w, h];
      if (!slot.item.inside || opened.includes(slot.item.inside)) {
        assert.ok(x >= a && y >= b && x + ww <= a + c && y + hh <= b + d, `${slot.item.id} in ${opened}`);
      }
    }
    boxes.forEach(([x, y, ww, hh], i) => boxes.slice(0, i).forEach(([a, b, c, d]) =>
      assert.ok(x >= a + c || a >= x + ww || y >= b + d || b >= y + hh)));
  }
});

test("texts come from the catalogue, words in their places; what is missing shows its key", () => {
  const say = js.speaker({ count: "step {step} of {count}" });
  assert.equal(say("count", { step: 3, count: 0 }), "step 3 of 0");
  assert.equal(say("count"), "step {step} of {count}");
  assert.equal(say("nowhere"), "nowhere");
});

test("a step of one side is shown at the nearest place of the common timeline", () => {
  const pairs = [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [3, 3]];
  assert.equal(js.meeting(pairs, 0, 2, 0), 2);
  assert.equal(js.meeting(pairs, 0, 2, 5), 4);
  assert.equal(js.meeting(pairs, 1, 0, 4), 2);
  assert.equal(js.meeting(pairs, 1, 3, 0), 5);
});

test("the table's room is for all tensors that come to be shown, within bounds", () => {
  const tensor = (id, visible = false) => ({ id, name: id, visible });
  const value = { text: "[1.]", shape: [1], dtype: "float32" };
  const trace = { version: 2, source: [], tensors: [tensor("a", true), tensor("b"), tensor("c")], steps: [{ changes: [] }] };
  const one = js.roomForRows(trace);
  trace.steps[0].changes = [["b", "visible", true], ["b", "value", value]];
  const two = js.roomForRows(trace);
  assert.ok(two > one + 1.5 && two < one + 3);
  trace.steps[0].changes.push(["a", "value", { text: "", shape: [8, 2], dtype: "float32", cells: Array(16).fill(1) }]);
  assert.ok(js.roomForRows(trace) > two + 8);
  trace.tensors = Array.from({ length: 99 }, (_, i) => tensor(`t${i}`, true));
  assert.equal(js.roomForRows(trace), 40);
});

test("numbers have a minus and no hyphen; names keep theirs", () => {
  assert.equal(js.signed("[-1.2743, -.5] -inf 1e-05"), "[−1.2743, −.5] −inf 1e−05");
  assert.equal(js.signed("layer-1 x-2 a[0]-1 lines 3-4"), "layer-1 x-2 a[0]-1 lines 3-4");
});
