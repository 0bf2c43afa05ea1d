// @ts-check
// The graph: boxes and lines, drawn where sheets.mjs says, and the pane they are seen through.

/** @import {Chip, Slot, Step} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { button, calm, h, icon, ICONS, make, s, write } from "./elements.mjs";
import { tensorOf } from "./run.mjs";
import { arrow, HEAD, sheets } from "./sheets.mjs";
import { clip, failureText, gradientText, signed } from "./words.mjs";

/** @typedef {{slots: Slot[], under: any, over: any, shown: boolean}} Band */

const SMALL = 6.7; // the width of a letter of a node's second line, as viz/place.py reserves it
const LABEL = 7.3;
const BAND = 700; // the height of a band of the picture, in its own units
const LONG = -1; // the band of edges that cross several: it is always there
const LEAST = 0.72; // a smaller picture is no longer read, and scrolls
const EDGE = 40; // the room that is left around what is brought into view
export const MANY = 30; // beyond so many nodes nothing fades or glides, and the picture keeps a readable size and follows the step

/** The pane of the graph.
 * @param {View} view */
export function drawPicture(view) {
  const { trace, slots, steps, say, root } = view;
  const big = (trace.nodes || []).length > MANY;
  /** @type {Map<string, Slot[]>} */
  const nodesOf = new Map(); // of each tensor
  for (const node of trace.nodes || []) {
    if (node.tensor) nodesOf.set(node.tensor, [...(nodesOf.get(node.tensor) || []), /** @type {Slot} */ (slots.get(node.id))]);
  }
  const opened = new Set((trace.groups || []).filter((group) => group.open && !group.shut).map((group) => group.id));
  const contents = sheets(trace, slots);
  /** @type {Map<Slot, string>} */
  const busy = new Map(); // closed groups with a node at work, and which

  let [width, height] = [trace.width || 100, trace.height || 60];
  const picture = s("svg", { class: "mg-svg", viewBox: `0 0 ${width} ${height}`, role: "presentation" });
  const [floor, under, over] = [s("g"), s("g"), s("g")];
  picture.append(floor, under, over);
  // An application, to a screen reader: the arrows are ours, and walk from node to node.
  const pane = make("", "div", { class: "mg-scroll", role: "application", tabindex: "0",
    "aria-label": trace.title ? say("graph.of", { title: trace.title }) : say("graph") }, picture);
  const element = h("div", "mg-graph", pane,
    make("", "div", { class: "mg-zoom", role: "group", "aria-label": say("size") },
      button("", say("larger"), () => zoom(1.25), icon("plus")),
      button("", say("smaller"), () => zoom(0.8), icon("minus")),
      button("", say("fit"), () => fit(), icon("fit"))));

  // -------------------------------------------------------------- what is drawn

  // The picture is cut into bands, drawn when they first come near the pane and taken out when they leave it, so
  // that a step costs the same in a graph of thousands of nodes as in one of ten.
  /** @type {Map<number, Band>} */
  const bands = new Map();
  const band = (/** @type {number} */ n) => {
    if (!bands.has(n)) bands.set(n, { slots: [], under: null, over: null, shown: false });
    return /** @type {Band} */ (bands.get(n));
  };
  const bandOf = (/** @type {number} */ y) => Math.floor(y / BAND);

  /** Put the bands in and around the pane into the picture, and take the others out. */
  function drawBands() {
    const top = bandOf(pane.scrollTop / scale) - 1;
    const bottom = bandOf((pane.scrollTop + pane.clientHeight) / scale) + 1;
    for (const [n, one] of bands) {
      const near = n === LONG || (n >= top && n <= bottom) || (one.shown && one.over.contains(document.activeElement));
      if (near === one.shown) continue;
      one.shown = near;
      if (!near) {
        one.under.remove();
        one.over.remove();
        continue;
      }
      if (!one.under) {
        [one.under, one.over] = [s("g"), s("g")];
        for (const slot of one.slots) {
          if (slot.at.points) drawEdge(slot, one);
          else drawNode(slot, one);
        }
      }
      under.append(one.under);
      over.append(one.over);
    }
  }

  /** Work out where everything stands for the groups that are open, and begin the picture anew. */
  function arrange() {
    bands.clear();
    for (const layer of [floor, under, over]) layer.replaceChildren();
    for (const slot of slots.values()) if (slot.kind !== "tensor") slot.parts = slot.at = null;
    [width, height] = contents.spread(opened, (slot) => {
      if (slot.kind === "group" && opened.has(slot.item.id)) return drawFrame(slot);
      if (!slot.at.points) return band(bandOf(slot.at.box[1])).slots.push(slot);
      const rows = slot.at.points.filter((/** @type {number} */ _, /** @type {number} */ i) => i % 2).map(bandOf);
      const [from, to] = [Math.min(...rows), Math.max(...rows)];
      band(to - from > 1 ? LONG : from).slots.push(slot);
    });
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    element.style.setProperty("--mg-h", String(Math.round(height)));
  }

  /** The frame of an open group: its title closes it.
   * @param {Slot} slot */
  function drawFrame(slot) {
    const [x, y, w, hh] = slot.at.box;
    const { label } = slot.now;
    const head = s("g", { class: "mg-frame-head", role: "button", tabindex: "-1", "aria-expanded": "true", "aria-label": say("fold", { label }) },
      s("rect", { x, y, width: w, height: HEAD, rx: 5 }),
      s("path", { d: `M${x + 9} ${y + HEAD / 2}h8` }),
      s("text", { class: "mg-small", x: x + 23, y: y + HEAD / 2 + 4 }, clip(label, Math.floor((w - 30) / SMALL))));
    head.addEventListener("click", () => toggle(slot));
    const group = s("g", { class: "mg-frame" }, s("rect", { class: "mg-frame-box", x, y, width: w, height: hh, rx: 6 }), head);
    slot.parts = { group, head, box: head };
    floor.append(group);
    view.arrive(slot);
  }

  /** @param {Slot} slot @param {Band} into */
  function drawEdge(slot, into) {
    const edge = slot.item;
    const [down, up] = [arrow(slot.at.points, false), arrow(slot.at.points, true)];
    const line = s("path", { class: "mg-line-of", d: down.line });
    const tip = s("path", { class: "mg-tip", d: down.tip });
    const group = s("g", { class: "mg-edge" });
    if (slot.at.tag) {
      const [x, y, w, hh] = slot.at.tag;
      const source = slots.get(edge.source);
      const text = edge.tag || (source ? source.now.label : "");
      group.append(s("rect", { class: `mg-tag${edge.tag ? " mg-tag-out" : ""}`, x, y, width: w, height: hh, rx: 9 }),
        s("text", { class: "mg-small", x: x + w / 2, y: y + hh / 2 + 4 }, clip(text, (w - 8) / SMALL)));
    }
    group.append(line, tip);
    slot.parts = { group, line, tip, down, up, label: null, into };
    into.under.append(group);
    view.arrive(slot);
  }

  /** @param {Slot} slot @param {Band} into */
  function drawNode(slot, into) {
    const node = slot.item;
    const [x, y, w, hh] = slot.at.box;
    const folded = slot.kind === "group";
    const middle = y + hh / 2;
    const label = s("text", { class: "mg-label", "aria-hidden": "true", x: x + w / 2, y: middle - 4 });
    const detail = s("text", { class: "mg-small", "aria-hidden": "true", x: x + w / 2, y: middle + 13 });
    const box = s("rect", { class: "mg-box", role: "button", tabindex: "-1", x, y, width: w, height: hh, rx: node.kind === "leaf" ? 14 : 5 });
    const group = s("g", { class: `mg-node mg-${folded ? `group${node.shut ? " mg-shut" : ""}` : node.kind}` });
    if (folded) {
      // A stack of boxes: there is more behind it.
      for (const d of [6, 3]) group.append(s("rect", { class: "mg-box mg-behind", x: x + d, y: y + d, width: w, height: hh, rx: 5 }));
      box.setAttribute("aria-expanded", "false");
    }
    group.append(box);
    if (node.kind === "output") group.append(s("rect", { class: "mg-inner", x: x + 3, y: y + 3, width: w - 6, height: hh - 6, rx: 3 }));
    group.append(label, detail);
    group.addEventListener("click", () => (folded ? toggle(slot) : view.inspect(slot)));
    slot.parts = { group, label, detail, box, mark: null, room: w - 12 };
    (node.chips || []).forEach((/** @type {Chip} */ chip, /** @type {number} */ i) => {
      const [cx, cy] = slot.at.chips;
      const top = cy + 18 * i;
      const sign = s("rect", { class: "mg-sign", x: cx, y: top + 3, width: 12, height: 12, rx: 3 });
      const cross = s("path", { class: "mg-cross", d: `M${cx + 2.5} ${top + 12.5}l7-7` });
      const text = s("text", { class: "mg-chip-text", x: cx + 19, y: top + 13 });
      const part = s("g", { class: "mg-chip" }, sign, cross, text);
      const saved = /** @type {Slot} */ (slots.get(chip.id));
      saved.parts = { group: part, text };
      group.append(part);
      view.arrive(saved);
    });
    into.over.append(group);
    view.arrive(slot);
  }

  // -------------------------------------------------------------- groups

  /** What shows a thing where groups are closed: itself, or the outermost closed group it is in.
   * @param {Slot} slot @returns {Slot | null} null for an edge that links stand for */
  function shown(slot) {
    let found = slot;
    let inside = slot.kind === "edge" ? contents.home.get(slot.item.id) : slot.item.inside || "";
    if (inside === undefined) return null;
    while (inside) {
      const group = /** @type {Slot} */ (slots.get(inside));
      if (!opened.has(inside)) found = group;
      inside = group.item.inside || "";
    }
    return found;
  }

  /** Open a closed group, or fold an open one; what was clicked stays where it is on the screen.
   * @param {Slot} slot */
  function toggle(slot) {
    const { id, shut, label } = slot.item;
    if (shut) return;
    const focused = root.contains(document.activeElement) && document.activeElement;
    const before = slot.at && slot.at.box;
    const corner = before && [before[0] * scale - pane.scrollLeft, before[1] * scale - pane.scrollTop];
    if (!opened.delete(id)) opened.add(id);
    arrange();
    if (view.current >= 0) view.mark();
    resize(chosen ? scale : natural());
    if (corner && slot.at) {
      pane.scrollLeft = slot.at.box[0] * scale - corner[0];
      pane.scrollTop = slot.at.box[1] * scale - corner[1];
    }
    drawBands();
    if (focused && slot.parts) slot.parts.box.focus({ preventScroll: true });
    view.tell(say(opened.has(id) ? "is.open" : "is.folded", { label }));
    view.remember();
  }

  /** Open the closed groups that hide what this step is about, one level; or fold the innermost that shows it.
   * @param {boolean} open */
  function toggleActive(open) {
    for (const id of steps[view.current].active || []) {
      const slot = slots.get(id);
      if (!slot || slot.kind !== "node") continue;
      const at = shown(slot);
      const group = open ? (at && at.kind === "group" ? at : null) : at && slots.get(at.item.inside);
      if (group) return toggle(group);
    }
  }

  /** Which of a closed group's nodes is at work: "iteration 7 · MulBackward0".
   * @param {Slot} slot @param {Slot} group */
  function way(slot, group) {
    const names = [slot.now.label];
    for (let id = slot.item.inside; id !== group.item.id; id = /** @type {Slot} */ (slots.get(id)).item.inside) {
      const inner = /** @type {Slot} */ (slots.get(id)).item;
      if (inner.kind === "pass" || inner.kind === "module") names.unshift(inner.label);
    }
    return names.length > 1 && names.join(" · ").length > 24 ? names[0] : names.join(" · ");
  }

  // -------------------------------------------------------------- the state

  /** What stands in the picture for what a step is about.
   * @param {Step} step @returns {Set<Slot>} */
  function active(step) {
    const now = new Set();
    const were = [...busy.keys()];
    busy.clear();
    for (const id of step.active || []) {
      const slot = slots.get(id);
      if (!slot || slot.kind === "tensor") continue;
      if (slot.kind === "edge") for (const link of contents.links.get(id) || []) now.add(shown(link));
      const at = slot.kind === "chip" ? slot : shown(slot);
      if (at) now.add(at);
      if (at && at !== slot && slot.kind === "node" && !busy.has(at)) busy.set(at, way(slot, at));
    }
    for (const slot of new Set([...were, ...busy.keys()])) show(slot);
    return now;
  }

  /** @param {Slot} slot */
  function show(slot) {
    const { now, parts, item } = slot;
    if (!parts) return;
    const classes = parts.group.classList;
    if (slot.kind === "edge" || slot.kind === "link") {
      classes.toggle("mg-on", now.visible);
      if (now.gradient !== null && !parts.label) {
        const [x, y] = slot.at.label || [0, 0];
        parts.label = s("text", { class: "mg-grad", x, y: y + 4 });
        parts.into.over.append(parts.label);
      }
      if (parts.label) {
        write(parts.label, now.gradient === null ? "" : clip(signed(now.gradient), 28));
        parts.label.toggleAttribute("hidden", now.gradient === null);
        classes.toggle("mg-travelled", now.gradient !== null);
      }
    } else if (slot.kind === "chip") {
      classes.toggle("mg-on", now.held !== null);
      classes.toggle("mg-held", now.held === true);
      classes.toggle("mg-stale", now.stale);
      write(parts.text, `${item.label} v${item.version}`);
    } else if (parts.head) classes.toggle("mg-on", now.visible);
    else {
      classes.toggle("mg-on", now.visible);
      classes.toggle("mg-freed", now.freed);
      classes.toggle("mg-failed", now.failed);
      write(parts.label, clip(now.label, Math.floor(parts.room / LABEL)));
      write(parts.detail, clip(busy.get(slot) || (now.failed && slot.kind === "node" ? failedText(item.id) : signed(now.detail)), Math.floor(parts.room / SMALL)));
      call(slot);
      if (now.failed && !parts.mark) {
        const [x, y] = slot.at.box;
        parts.mark = s("svg", { class: "mg-badge", x: x - 9, y: y - 9, width: 20, height: 20, viewBox: "0 0 16 16" },
          s("circle", { cx: 8, cy: 8, r: 7 }), s("path", { d: ICONS.error, "fill-rule": "evenodd" }));
        parts.group.append(parts.mark);
      }
    }
  }

  /** What a screen reader hears of a node: what it is called, its value, its gradient, its state.
   * @param {Slot} slot */
  function call(slot) {
    const { now, parts } = slot;
    if (!parts) return;
    const tensor = tensorOf(slots, slot);
    const words = [now.label, signed(now.detail), tensor ? say("gradient.is", { gradient: gradientText(tensor.now) }) : "", now.failed ? say("failed") : now.freed ? say("done") : ""];
    parts.box.setAttribute("aria-label", words.filter(Boolean).join(", "));
  }

  /** The second line of the node an error stopped at.
   * @param {string} id */
  function failedText(id) {
    const step = steps.find((one) => one.error && (one.changes || []).some((c) => c[0] === id && c[1] === "failed"));
    return step ? failureText(step, view.lineName, say) : say("failed");
  }

  /** Turn an edge's arrow the way that data or, in a backward step, gradients go.
   * @param {Slot} slot @param {boolean} backward */
  function turn({ parts }, backward) {
    const end = backward ? parts.up : parts.down;
    if (parts.line.getAttribute("d") === end.line) return;
    parts.line.setAttribute("d", end.line);
    parts.tip.setAttribute("d", end.tip);
  }

  // -------------------------------------------------------------- its size

  let scale = 0;
  let chosen = false; // the learner chose the size
  let entire = false; // or all of the picture, however small
  /** @param {number} wanted */
  function resize(wanted) {
    scale = Math.max(0.02, Math.min(4, wanted));
    picture.style.width = `${width * scale}px`;
    picture.style.height = `${height * scale}px`;
    drawBands();
  }
  function natural() {
    const top = parseFloat(getComputedStyle(root).fontSize) / 14;
    const whole = Math.min((pane.clientWidth - 2) / width, (pane.clientHeight - 2) / height, 1.25 * top);
    return entire ? whole : Math.max(LEAST * top, whole);
  }
  /** @param {boolean} [all] the whole picture, else as large as one reads it */
  function fit(all = true) {
    entire = all;
    chosen = false;
    resize(natural());
    follow();
  }
  /** Fit it anew where its pane or its letters have another size, unless the learner chose one. */
  function refit() {
    if (!chosen) resize(natural());
  }
  /** @param {number} factor @param {number} [x] @param {number} [y] the point that stays, in the pane */
  function zoom(factor, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
    const before = scale;
    const left = pane.scrollLeft + x;
    const top = pane.scrollTop + y;
    chosen = true;
    entire = false;
    resize(scale * factor);
    pane.scrollLeft = (left * scale) / before - x;
    pane.scrollTop = (top * scale) / before - y;
  }
  function follow() {
    bring(view.lit, !big && !calm());
  }
  /** Scroll until all of these are in the pane. @param {Slot[]} wanted @param {boolean} gently */
  function bring(wanted, gently) {
    if (!scale) return;
    let [l, t, r, b] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { at } of wanted) {
      if (!at || !at.box) continue;
      l = Math.min(l, at.box[0]);
      t = Math.min(t, at.box[1]);
      r = Math.max(r, at.box[0] + at.box[2]);
      b = Math.max(b, at.box[1] + at.box[3]);
    }
    if (l === Infinity) return;
    /** @param {number} from @param {number} to @param {number} start @param {number} size */
    const shift = (from, to, start, size) => {
      const [a, z] = [from * scale - EDGE, to * scale + EDGE];
      if (a >= start && z <= start + size) return start;
      return (a + z - size) / 2;
    };
    const left = shift(l, r, pane.scrollLeft, pane.clientWidth);
    const top = shift(t, b, pane.scrollTop, pane.clientHeight);
    if (left === pane.scrollLeft && top === pane.scrollTop) return;
    pane.scrollTo({ left, top, behavior: gently ? "smooth" : "auto" });
    if (!gently) drawBands();
  }
  pane.addEventListener("scroll", drawBands, { passive: true });
  pane.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = pane.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  /** @type {number[] | null} */
  let drag = null;
  pane.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button || event.pointerType === "touch") return; // touch pans by itself
    drag = [event.clientX, event.clientY, pane.scrollLeft, pane.scrollTop];
  });
  pane.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    if (!(event.buttons & 1)) drag = null;
    else {
      const [x, y] = [event.clientX - drag[0], event.clientY - drag[1]];
      if (Math.abs(x) + Math.abs(y) > 4 && !pane.hasPointerCapture(event.pointerId)) pane.setPointerCapture(event.pointerId);
      pane.scrollLeft = drag[2] - x;
      pane.scrollTop = drag[3] - y;
    }
  });
  pane.addEventListener("pointerup", () => (drag = null));

  // -------------------------------------------------------------- walking in it

  /** What one can walk to, from the top down and in a row from the left. */
  function stops() {
    return [...slots.values()].filter(({ at, now }) => at && at.box && now.visible)
      .sort((a, b) => centre(a)[1] - centre(b)[1] || centre(a)[0] - centre(b)[0]);
  }
  /** The middle of a box, or of the title of an open group. @param {Slot} slot */
  function centre({ at, item }) {
    const [x, y, w, hh] = at.box;
    return [x + w / 2, y + (opened.has(item.id) ? HEAD : hh) / 2];
  }
  /** Whether what shows a thing stands in the lower half of the pane. @param {Slot} slot */
  function isLow(slot) {
    const at = shown(slot);
    return !!at && !!at.at && centre(at)[1] * scale - pane.scrollTop > pane.clientHeight / 2;
  }
  /** To the side goes through all, one after the other; up and down to the nearest.
   * @param {number} dx @param {number} dy */
  function walkBy(dx, dy) {
    const all = stops();
    const here = all.findIndex(({ parts }) => parts && parts.box === document.activeElement);
    if (here < 0) return visit(all[0]);
    if (dx) return visit(all[here + dx]);
    const [x, y] = centre(all[here]);
    const far = (/** @type {Slot} */ slot) => {
      const [u, v] = centre(slot);
      return (v - y) * dy > 1 ? Math.hypot(u - x, v - y) : Infinity;
    };
    const nearest = all.reduce((a, b) => (far(b) < far(a) ? b : a));
    if (far(nearest) < Infinity) visit(nearest);
  }
  /** @param {Slot | undefined} slot */
  function visit(slot) {
    if (!slot) return;
    bring([slot], false);
    slot.parts.box.focus({ preventScroll: true });
  }
  /** Come in from outside: to what is inspected, to what is at work, to the first. */
  function enter() {
    visit(stops().find((slot) => slot === view.inspected) || view.lit.find((slot) => slot.at && slot.at.box) || stops()[0]);
  }

  return {
    element, pane, opened, arrange, shown, active, show, call, turn, toggleActive, fit, refit, zoom, follow, isLow, walkBy, enter,
    /** The nodes of a tensor. @param {Slot} tensor */
    nodesOf: (tensor) => nodesOf.get(tensor.item.id) || [],
    /** Fit it as it was fitted: the window has another size. */
    again: () => fit(entire),
  };
}
