// @ts-check
// The table of tensors: a row each, or in a run of many for the leaves and for those of the step.

/** @import {Slot, Trace} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { h, make } from "./elements.mjs";
import { breakable, numbers } from "./values.mjs";
import { gradientText } from "./words.mjs";

const MOST = 60; // beyond so many tensors the table keeps to those of the step
const COLUMNS = ["name", "value", "grad", "version", "grad_fn"];

/** @param {View} view */
export function drawTensors(view) {
  const { slots, say } = view;
  const all = view.trace.tensors || [];
  const many = all.length > MOST;
  const table = make("", "div", { class: "mg-table", role: "table", "aria-label": say("tensors") });
  table.append(make("", "div", { class: "mg-row mg-head", role: "row" },
    ...["head.tensor", "head.value", "head.grad", "head.version", "head.fn"].map((key) => say(key)).map((name) => make("", "span", { role: "columnheader" }, name))));
  const longest = Math.max(0, ...all.map(({ grad_fn }) => (grad_fn ? grad_fn.length : 0)));
  table.style.setProperty("--mg-fn", `${Math.min(9.5, Math.max(5.4, 0.64 * longest + 1.2))}em`);
  const pane = make("", "div", { class: "mg-tensors", role: "group", tabindex: "0", "aria-label": say("tensors") }, table);
  if (many) pane.append(h("div", "mg-rest", say("rest", { count: all.length })));
  /** @type {Slot[]} */
  let passing = []; // tensors in the table for this step only
  /** @type {any[]} */
  const turns = []; // the rows they take
  /** @type {any[]} */
  let marked = []; // cells marked as changed

  all.forEach((tensor, i) => {
    const slot = /** @type {Slot} */ (slots.get(tensor.id));
    slot.row = i;
    if (!many || (tensor.leaf ?? true)) slot.parts = newRow();
  });

  function newRow() {
    /** @type {Record<string, any>} */
    const cells = {};
    for (const name of COLUMNS) cells[name] = make("", "span", { role: "cell", class: `mg-c-${name === "grad_fn" ? "fn" : name}` });
    const row = make("", "div", { class: "mg-row", role: "row" }, ...Object.values(cells));
    const box = make("", "button", { type: "button", class: "mg-pick", tabindex: "-1", "aria-pressed": "false" });
    cells.name.append(box);
    row.addEventListener("click", () => view.inspect(slotOf(row)));
    table.append(row);
    return { group: row, cells, box, shown: {} };
  }
  /** The tensor that a row shows, for now. @param {any} row */
  function slotOf(row) {
    return /** @type {Slot} */ ([...slots.values()].find(({ kind, parts }) => kind === "tensor" && parts && parts.group === row));
  }

  /** In a run of many tensors the rows are those of the leaves, and some more that are the step's tensors' in turn. */
  function choose() {
    if (!many) return;
    for (const slot of passing) slot.parts = null;
    passing = view.lit.filter((slot) => slot.kind === "tensor" && !slot.parts).sort((a, b) => /** @type {number} */ (a.row) - /** @type {number} */ (b.row));
    passing.forEach((slot, i) => {
      slot.parts = turns[i] || (turns[i] = newRow());
      view.arrive(slot);
    });
    for (const { group } of turns.slice(passing.length)) group.classList.remove("mg-on");
  }

  /** @param {Slot} slot */
  function show(slot) {
    const { now, parts } = slot;
    if (!parts) return;
    parts.group.classList.toggle("mg-on", now.visible);
    /** @param {string} name @param {any} value @param {() => any} content */
    const put = (name, value, content) => {
      if (parts.shown[name] === value && name in parts.shown) return;
      parts.shown[name] = value;
      (name === "name" ? parts.box : parts.cells[name]).replaceChildren(content());
    };
    const { symbol } = slot.item;
    const shape = now.value && now.value.shape.some((/** @type {number} */ n) => n !== 1) ? now.value.shape.join("×") : "";
    put("name", `${now.name}|${shape}`, () => {
      const name = h("span", "mg-mono", ...(symbol && symbol !== now.name ? [h("b", "", symbol), " = "] : []), ...breakable(now.name));
      return h("span", "", name, shape ? h("small", "mg-shape", ` ${shape}`) : "");
    });
    put("value", now.value, () => (now.value ? numbers(now.value) : h("em", "", "–")));
    put("grad", now.grad, () =>
      now.grad === null || typeof now.grad === "string" ? h("em", "", gradientText(now)) : numbers(now.grad));
    put("version", now.version, () => h("span", "mg-num", String(now.version)));
    const fn = now.grad_fn || (now.leaf ? say(now.requires_grad ? "leaf.grad" : "leaf") : "None");
    put("grad_fn", fn, () => h(now.grad_fn ? "span" : "em", "", ...breakable(fn)));
  }

  /** Mark the cells that this step changed. */
  function mark() {
    for (const cell of marked) cell.classList.remove("mg-changed");
    marked = view.changes[view.current].map(({ slot, field }) => slot.kind === "tensor" && slot.parts && slot.parts.cells[field]).filter(Boolean);
    for (const cell of marked) cell.classList.add("mg-changed");
  }

  return { pane, choose, show, mark };
}

/** The height in em of the table with all the tensors it comes to hold, which is kept for it.
 * @param {Trace} trace */
export function roomForRows(trace) {
  const tensors = trace.tensors || [];
  /** @type {Map<string, number>} */
  const heights = new Map(); // of the tallest of its values
  const seen = new Set(tensors.filter((tensor) => tensor.visible).map((tensor) => tensor.id));
  const note = (/** @type {string} */ id, /** @type {any} */ value) => {
    if (!value) return;
    const { cells, shape, text } = typeof value === "string" ? { cells: null, shape: [], text: value } : value;
    const map = cells && cells.length > 1 && shape.length < 3;
    const few = map && cells.length <= 16;
    const down = !map ? 0 : shape.length === 2 ? Math.min(shape[0], 8) : few ? 1 : Math.ceil(cells.length / 16);
    const height = down * (few ? 1.3 : 0.7) + (few ? 0.2 : 1.36 * Math.min(4, Math.ceil(text.length / 15)));
    heights.set(id, Math.max(heights.get(id) || 0, height));
  };
  for (const tensor of tensors) for (const value of [tensor.value, tensor.grad]) note(tensor.id, value);
  for (const step of trace.steps) {
    for (const [id, field, value] of step.changes || []) {
      if (field === "visible" && value) seen.add(id);
      else if (field === "value" || field === "grad") note(id, value);
    }
  }
  const all = tensors.filter((tensor) => seen.has(tensor.id)).map(({ id, name, symbol = "", leaf = true, requires_grad }) =>
    0.6 + Math.max(leaf && requires_grad ? 2.7 : 1.36, 1.36 * Math.ceil((name.length + symbol.length) / 11), heights.get(id) || 0));
  return Math.min(40, 1.8 + all.reduce((a, b) => a + b, 0));
}
