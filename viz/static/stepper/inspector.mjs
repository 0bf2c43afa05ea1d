// @ts-check
// What a node or a tensor is and holds, opened by a click or Enter: a card on the graph.

/** @import {Slot} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { button, h, icon, make } from "./elements.mjs";
import { tensorOf } from "./run.mjs";
import { numbers } from "./values.mjs";
import { bytesText, gradientText, signed } from "./words.mjs";

/** @param {View} view
 * @param {{element: any, shown: (slot: Slot) => Slot | null, nodesOf: (tensor: Slot) => Slot[], isLow: (slot: Slot) => boolean}} picture
 * @param {{toggleBreak: (node: Slot) => void}} player */
export function drawInspector(view, picture, { toggleBreak }) {
  const { trace, slots, changes, say } = view;
  const { shown } = picture;
  const element = make("", "div", { class: "mg-inspect", role: "group", "aria-label": say("inspect") });
  element.hidden = true;
  picture.element.append(element);
  const nextChange = button("mg-leap", say("leap.change.label"), () => change(1), say("leap.change"));
  nextChange.disabled = true;

  /** Open what a node or a tensor is and holds; the same again closes it. A tensor has its row and its nodes, and where
   * it has a node in the picture that is what opens.
   * @param {Slot | null} wanted */
  function inspect(wanted) {
    const own = wanted && wanted.kind === "tensor" ? picture.nodesOf(wanted).filter((node) => node.now.visible) : [];
    const before = view.inspected;
    const same = wanted === before || (wanted && wanted.kind === "tensor" && wanted === tensorOf(slots, before));
    view.inspected = same ? null : own[own.length - 1] || wanted;
    for (const slot of [before, view.inspected]) if (slot) for (const one of [slot, tensorOf(slots, slot), shown(slot)]) if (one) mark(one);
    nextChange.disabled = !tensorOf(slots, view.inspected);
    if (view.inspected) element.classList.toggle("mg-high", picture.isLow(view.inspected)); // beside it, not over it
    const told = show();
    if (told) view.tell(told);
  }

  /** Mark what stands for what is inspected. @param {Slot} slot */
  function mark(slot) {
    if (!slot.parts || !slot.parts.box) return;
    const { inspected } = view;
    const on = !!inspected && (slot === inspected || slot === tensorOf(slots, inspected) || slot === shown(inspected));
    slot.parts.group.classList.toggle("mg-picked", on);
    if (!slot.parts.box.hasAttribute("aria-expanded")) slot.parts.box.setAttribute("aria-pressed", String(on));
  }

  /** @returns {string} what it says */
  function show() {
    const { inspected } = view;
    element.hidden = !inspected;
    if (!inspected) return "";
    const { now } = inspected;
    const tensor = tensorOf(slots, inspected);
    const facts = factsOf(inspected, tensor);
    const list = h("dl", "");
    for (const [name, value] of facts) list.append(h("dt", "", name), h("dd", "", value));
    const ways = h("div", "mg-answers",
      ...(tensor ? [button("mg-answer", say("change.back"), () => change(-1), say("change.back.short")), button("mg-answer", say("change.next"), () => change(1), say("change.next.short"))] : []),
      ...(inspected.kind === "node" ? [button("mg-answer", say("break"), () => toggleBreak(inspected), say("break.short"))] : []));
    const name = now.label || now.name;
    element.replaceChildren(
      h("div", "mg-inspect-head", h("span", "mg-mono", name), button("mg-close", say("close"), () => inspect(null), icon("close"))), list, ways);
    return `${name}. ${facts.map(([what, value, text = value]) => `${what}: ${text}.`).join(" ")}`;
  }
  /** What it is and holds: a word for each, how it is shown, and how it is said where that is another way.
   * @param {Slot} slot @param {Slot | null} tensor @returns {[string, any, string?][]} */
  function factsOf({ item, now }, tensor) {
    /** @type {[string, any, string?][]} */
    const facts = [];
    if (tensor && tensor.now.value) {
      const { text, shape, dtype } = tensor.now.value;
      facts.push([tensor.now.name, numbers(tensor.now.value), signed(text)]);
      facts.push([say("fact.shape"), shape.length ? shape.join(" × ") : say("fact.scalar")], ["dtype", dtype]);
    } else if (now.detail) facts.push([say("fact.detail"), signed(now.detail)]);
    for (const edge of trace.edges || []) {
      const { gradient } = /** @type {Slot} */ (slots.get(edge.id)).now;
      const other = slots.get(edge.source === item.id ? edge.target : edge.source);
      if (gradient === null || !other) continue;
      if (edge.source === item.id) facts.push([say("fact.from", { node: other.now.label }), signed(gradient)]);
      else if (edge.target === item.id) facts.push([say("fact.to", { node: other.now.label }), signed(gradient)]);
    }
    if (tensor && typeof tensor.now.grad === "object" && tensor.now.leaf) {
      facts.push([".grad", tensor.now.grad ? numbers(tensor.now.grad) : h("em", "", "None"), gradientText(tensor.now)]);
    }
    for (const chip of item.chips || []) {
      const { held, stale } = /** @type {Slot} */ (slots.get(chip.id)).now;
      const kept = chip.tensor ? slots.get(chip.tensor) : null;
      const state = say(held === null ? "chip.before" : held ? (stale ? "chip.stale" : "chip.held") : "chip.freed");
      facts.push([chip.label, say("chip", { x: kept ? kept.now.name : "", version: chip.version, size: bytesText(chip.bytes), state }).trim()]);
    }
    if (item.line) facts.push([say("fact.line"), view.lineName(item.line)]);
    return facts;
  }

  /** The next or previous step that changes the tensor of what is inspected.
   * @param {1 | -1} direction */
  function change(direction) {
    const tensor = tensorOf(slots, view.inspected);
    if (!tensor) return view.tell(say("change.click"));
    const concerns = (/** @type {number} */ k) => changes[k].some(({ slot, field }) => slot === tensor && field !== "visible");
    let k = view.current + direction;
    while (k >= 0 && k < view.known && !concerns(k)) k += direction;
    if (k >= 0 && k < changes.length) view.go(k);
    else view.tell(say("change.none"));
  }

  return { nextChange, inspect, mark, show, change };
}
