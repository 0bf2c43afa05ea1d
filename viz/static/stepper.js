// @ts-check
// The stepper: walks through a Trace (viz/trace.py) in both directions, with no kernel and no network.
//
// The picture at step k is the cast with the changes of steps 0 to k applied. What a change undoes is worked
// out once, on loading, so back costs as much as forward, and a step touches only the elements it changes.
// Every text of the learner's becomes a text node; markup is never made of data. There are no ids in the
// page: two steppers, or two views of one, cannot get in each other's way.

/** @typedef {{text: string, shape: number[], dtype: string, cells?: (number | string | null)[] | null}} Value */
/** @typedef {{id: string, name: string, value?: Value | null, grad?: Value | string | null, version?: number,
 *   leaf?: boolean, requires_grad?: boolean, grad_fn?: string | null, visible?: boolean, symbol?: string}} Tensor */
/** @typedef {{id: string, label: string, tensor: string | null, version: number, bytes: number,
 *   held?: boolean | null, stale?: boolean}} Chip */
/** @typedef {{id: string, kind: string, label: string, detail: string, tensor?: string | null, line?: number | null,
 *   chips?: Chip[], box?: number[], chip_at?: number[], visible?: boolean, freed?: boolean, failed?: boolean,
 *   inside?: string}} Node */
/** @typedef {{id: string, source: string, target: string, path?: string, label_at?: number[], tag_at?: number[],
 *   visible?: boolean, gradient?: string | null}} Edge */
/** @typedef {{id: string, kind: string, label: string, detail: string, inside?: string, open?: boolean, shut?: boolean,
 *   box?: number[], width?: number, height?: number}} Group */
/** @typedef {{id: string, edges: string[], inside?: string, source?: string, target?: string, tag?: string, path?: string,
 *   label_at?: number[], tag_at?: number[]}} Link */
/** @typedef {{math: any[], text: string, note?: string}} Formula */
/** @typedef {{kind: string, phase: string, title: string, text: string, line?: number | null, origin?: number | null,
 *   formulas?: Formula[], active?: string[], changes?: [string, string, any][], saved_bytes?: number,
 *   error?: string, changed?: number | null, notes?: string[]}} Step */
/** @typedef {{version: number, source: string[], steps: Step[], nodes?: Node[], edges?: Edge[], tensors?: Tensor[],
 *   title?: string, width?: number, height?: number, notes?: string[], first_line?: number, resumed?: number[][],
 *   questions?: Question[], groups?: Group[], links?: Link[]}} Trace */
/** @typedef {{step: number, text: string, answer: string, choices?: string[], traps?: {answer: string, text: string}[]}} Question */
/** @typedef {(key: string, words?: Record<string, string | number>) => string} Say */
/** @typedef {{step?: number, onStep?: (step: number) => void, texts?: Record<string, string>, keep?: boolean, lead?: Lead}} Options */
/** A timeline that several steppers share: who wants to go somewhere asks it (`go`: to this one's step `k`).
 * @typedef {{go: (k: number) => void, next: () => void, first: () => void, left: () => number}} Lead */
/** One thing of the cast: what it is now (`now`), the elements that show it (`parts`), where it stands in the picture (`at`).
 * @typedef {{kind: "tensor" | "chip" | "node" | "edge" | "group" | "link", item: any, now: any, parts: any, at?: any, row?: number}} Slot */
/** @typedef {{slots: Slot[], under: any, over: any, shown: boolean}} Band */
/** @typedef {{slot: Slot, field: string, before: any, after: any}} Change */

export const VERSION = 2;
const SVG = "http://www.w3.org/2000/svg";
const MATH = "http://www.w3.org/1998/Math/MathML";
const MATH_TAGS = new Set(
  ("mrow mi mn mo mtext mfrac msup msub msubsup mover munder munderover msqrt mtable mtr mtd").split(" "),
);
const SPEEDS = [1, 2, 4, 0.5];
const PLAY_MS = 1400;
const SMALL = 6.7; // the width of a letter of a node's second line, as viz/place.py reserves it
const LABEL = 7.3;
const BAND = 700; // the height of a band of the picture, in its own units
const LONG = -1; // the band of edges that cross several: it is always there
const COARSE = 8; // rows of the picture of a large matrix, as viz/record.py makes them
const ROWS = 60; // beyond so many tensors the table keeps to those of the step
const HEAD = 24; // the title of an open group, and the room around what it holds
const AROUND = 12;
const HEADING = 30; // the height of the table's heading, which stays
const LONGEST = 8; // so many steps are laid out to see how high the longest is
const KNOWN = 0.85; // the share of the timeline that what is known takes, where a question hides the rest
const PAN = 60; // how far Shift and an arrow move a pane
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const MANY = 30; // beyond so many nodes nothing fades or glides, and the picture keeps a readable size and follows the step

// ---------------------------------------------------------------- the run, as data

/** @param {Trace} trace */
export function load(trace) {
  if (!trace || trace.version !== VERSION) {
    throw new Error(`This stepper reads traces of version ${VERSION}; this one is version ${trace && trace.version}.`);
  }
  /** @type {Map<string, Slot>} */
  const slots = new Map();
  const add = (/** @type {Slot["kind"]} */ kind, /** @type {any} */ item, /** @type {any} */ now) =>
    slots.set(item.id, { kind, item, now, parts: null });
  for (const t of trace.tensors || []) {
    const { name, value = null, grad = null, version = 0, leaf = true, grad_fn = null, visible = false } = t;
    add("tensor", t, { name, value, grad, version, leaf, grad_fn, visible, requires_grad: !!t.requires_grad });
  }
  for (const n of trace.nodes || []) {
    add("node", n, { visible: !!n.visible, label: n.label, detail: n.detail, freed: !!n.freed, failed: !!n.failed });
    for (const c of n.chips || []) add("chip", c, { held: c.held ?? null, stale: !!c.stale });
  }
  for (const e of trace.edges || []) add("edge", e, { visible: !!e.visible, gradient: e.gradient ?? null });
  for (const g of trace.groups || []) add("group", g, { visible: false, label: g.label, detail: g.detail, freed: false, failed: false });
  for (const l of trace.links || []) add("link", l, { visible: false, gradient: null });
  const follow = followers(trace, slots);

  /** @type {Map<Slot, any>} */
  const state = new Map();
  for (const slot of slots.values()) state.set(slot, { ...slot.now });
  for (const slot of [...slots.values()].filter((one) => one.now.visible && (one.kind === "node" || one.kind === "edge"))) {
    for (const [other, key, value] of follow(slot, "visible", false, true)) other.now[key] = /** @type {any} */ (state.get(other))[key] = value;
  }
  const changes = trace.steps.map((step) => {
    /** @type {Change[]} */
    const list = [];
    for (const [id, field, after] of step.changes || []) {
      const slot = slots.get(id);
      if (!slot) continue;
      const running = state.get(slot);
      list.push({ slot, field, before: running[field], after });
      const before = running[field];
      running[field] = after;
      for (const [other, key, value] of follow(slot, field, before, after)) {
        const theirs = state.get(other);
        if (theirs[key] === value) continue;
        list.push({ slot: other, field: key, before: theirs[key], after: value });
        theirs[key] = value;
      }
    }
    return list;
  });
  return { slots, changes };
}

/** What happens to groups and links when one of their nodes or edges changes: they are visible when one is, freed when
 * all that are visible are; a link shows the gradient that travelled last.
 * @param {Trace} trace @param {Map<string, Slot>} slots
 * @returns {(slot: Slot, field: string, before: any, after: any) => [Slot, string, any][]} */
function followers(trace, slots) {
  /** @type {Map<string, {slot: Slot, visible: number, freed: number, failed: number}[]>} */
  const above = new Map([["", []]]);
  for (const group of trace.groups || []) {
    above.set(group.id, [...(above.get(group.inside || "") || []), { slot: /** @type {Slot} */ (slots.get(group.id)), visible: 0, freed: 0, failed: 0 }]);
  }
  /** @type {Map<string, {slot: Slot, visible: number}[]>} */
  const lines = new Map();
  for (const link of trace.links || []) {
    const one = { slot: /** @type {Slot} */ (slots.get(link.id)), visible: 0 };
    for (const edge of link.edges) lines.set(edge, [...(lines.get(edge) || []), one]);
  }
  return (slot, field, before, after) => {
    /** @type {[Slot, string, any][]} */
    const out = [];
    const by = Number(!!after) - Number(!!before);
    if (slot.kind === "node" && ["visible", "freed", "failed"].includes(field)) {
      const works = slot.item.kind === "operation"; // the others are not what a group waits for
      if (field === "freed" && !works) return out;
      for (const group of above.get(slot.item.inside || "") || []) {
        group[/** @type {"visible" | "freed" | "failed"} */ (field)] += by;
        if (field === "visible" && !works) group.freed += by;
        out.push([group.slot, "visible", group.visible > 0], [group.slot, "failed", group.failed > 0]);
        out.push([group.slot, "freed", group.visible > 0 && group.freed >= group.visible]);
      }
    } else if (slot.kind === "edge") {
      for (const line of lines.get(slot.item.id) || []) {
        if (field === "visible") out.push([line.slot, "visible", (line.visible += by) > 0]);
        else out.push([line.slot, field, after]);
      }
    }
    return out;
  };
}

/** Take the cast from the state after step `from` to that after step `to` (-1: before the first).
 * @param {Change[][]} changes @param {number} from @param {number} to @returns {Set<Slot>} what changed */
export function walk(changes, from, to) {
  /** @type {Set<Slot>} */
  const touched = new Set();
  for (let k = from + 1; k <= to; k++) {
    for (const { slot, field, after } of changes[k]) {
      slot.now[field] = after;
      touched.add(slot);
    }
  }
  for (let k = from; k > to; k--) {
    const list = changes[k];
    for (let i = list.length - 1; i >= 0; i--) {
      list[i].slot.now[list[i].field] = list[i].before;
      touched.add(list[i].slot);
    }
  }
  return touched;
}

/** The phases of the steps; what a backward pass lets go of at its end stands apart.
 * @param {Step[]} steps */
function phasesOf(steps) {
  const phases = steps.map((step) => step.phase);
  for (let k = steps.length - 1; k >= 0; k--) {
    const ends = k + 1 === steps.length || phases[k + 1] !== "backward" || steps[k + 1].kind === "backward";
    if (steps[k].kind === "free" && phases[k] === "backward" && ends) phases[k] = "freed";
  }
  return phases;
}

/** Stretches of steps of one phase; every backward() begins its own.
 * @param {Step[]} steps @returns {{phase: string, number: number, start: number, end: number}[]} */
export function segments(steps) {
  /** @type {{phase: string, number: number, start: number, end: number}[]} */
  const out = [];
  const phases = phasesOf(steps);
  steps.forEach((step, k) => {
    const last = out[out.length - 1];
    const phase = phases[k];
    if (last && last.phase === phase && step.kind !== "backward") last.end = k + 1;
    else out.push({ phase, number: 0, start: k, end: k + 1 });
  });
  const backward = out.filter((s) => s.phase === "backward");
  if (backward.length > 1) backward.forEach((s, i) => (s.number = i + 1));
  return out;
}

/** @param {number} bytes */
export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = -1;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** A number short enough for a cell of a heat map.
 * @param {number | string | null} n */
export function cellText(n) {
  if (n === null) return "";
  if (typeof n === "string") return n;
  if (n === 0) return "0";
  const size = Math.abs(n);
  if (size >= 9999.5 || size < 0.001) return signed(n.toExponential(1).replace("e+", "e"));
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3;
  return signed(String(Number(n.toFixed(digits))));
}

/** Numbers as the whole page writes them: with a minus, not a hyphen.
 * @param {string} text */
export function signed(text) {
  return text.replace(/(?<![\p{L}\d_)\]])-(?=\.?\d|inf)|(?<=\de)-(?=\d)/gu, "−");
}

/** Letters are counted as viz/place.py counts them: a wide one (中, 😀) takes the room of two.
 * @param {string} text @param {number} room in letters */
export function clip(text, room) {
  let used = 0;
  let kept = "";
  let cut = "";
  for (const c of text) {
    used += wide(c) ? 2 : 1;
    if (used > room) return `${cut}…`;
    kept += c;
    if (used <= room - 1) cut = kept;
  }
  return text;
}

/** @param {string} c */
function wide(c) {
  const n = /** @type {number} */ (c.codePointAt(0));
  return n >= 0x1100 && (n <= 0x115f || (n >= 0x2e80 && n <= 0xa4cf) || (n >= 0xac00 && n <= 0xd7a3) ||
    (n >= 0xf900 && n <= 0xfaff) || (n >= 0xfe30 && n <= 0xfe6f) || (n >= 0xff00 && n <= 0xff60) || n >= 0x1f000);
}

/** The numbers of an answer: brackets, commas and "tensor(" do not matter. Null where it is none.
 * @param {string} text @returns {number[] | "None" | null} */
export function readAnswer(text) {
  const plain = text.replace(/tensor|dtype\s*=\s*[\w.]+|[()[\],;]/g, " ").replace(/−/g, "-").trim();
  if (/^none$/i.test(plain)) return "None";
  const found = plain.split(/\s+/).map((word) => {
    const [top, bottom = "1", more] = word.split("/");
    return more === undefined && top !== "" && bottom !== "" ? Number(top) / Number(bottom) : NaN;
  });
  return found.some(Number.isNaN) ? null : found;
}

/** Whether an answer is the wanted one, within half a hundredth.
 * @param {string} given @param {string} wanted */
export function agrees(given, wanted) {
  const [a, b] = [readAnswer(given), readAnswer(wanted)];
  if (a === null || b === null) return given.trim() === wanted;
  if (a === "None" || b === "None") return a === b;
  return a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) <= 0.005 * Math.max(1, Math.abs(b[i])));
}

// ---------------------------------------------------------------- where things stand

/** Sheets of rubber: every group has a picture of its own, laid out once. Opening one stretches the picture around it,
 * and no two boxes can meet, because nothing comes closer to anything.
 * @param {Trace} trace @param {Map<string, Slot>} slots */
export function sheets(trace, slots) {
  const sizes = new Map([["", [trace.width || 100, trace.height || 60]]]);
  /** @type {Map<string, {boxes: Slot[], lines: Slot[]}>} */
  const inside = new Map([["", { boxes: [], lines: [] }]]);
  for (const group of trace.groups || []) {
    sizes.set(group.id, [group.width || 0, group.height || 0]);
    inside.set(group.id, { boxes: [], lines: [] });
  }
  /** @type {Map<string, string>} */
  const home = new Map(); // the picture an edge stands in; none where links stand for it
  /** @type {Map<string, Slot[]>} */
  const links = new Map();
  for (const slot of slots.values()) {
    const { item, kind } = slot;
    const own = /** @type {any} */ (inside.get(item.inside || ""));
    if (kind === "node" || kind === "group") own.boxes.push(slot);
    else if (kind === "link") {
      own.lines.push(slot);
      for (const id of item.edges) links.set(id, [...(links.get(id) || []), slot]);
    } else if (kind === "edge") {
      const [a, b] = [item.source, item.target].map((id) => /** @type {Slot} */ (slots.get(id)).item.inside || "");
      if (a !== b) continue;
      home.set(item.id, a);
      /** @type {any} */ (inside.get(a)).lines.push(slot);
    }
  }
  const boxOf = (/** @type {any} */ item) => (item.box || [0, 0, 60, 44]).map(Number);

  /** How large the inside of a group is, and where its points go.
   * @param {string} id @param {Set<string>} opened @returns {any} */
  function measure(id, opened) {
    const [w, h] = /** @type {number[]} */ (sizes.get(id));
    const open = /** @type {any} */ (inside.get(id)).boxes.filter((/** @type {Slot} */ one) => opened.has(one.item.id));
    const inner = new Map(open.map((/** @type {Slot} */ one) => [one.item.id, measure(one.item.id, opened)]));
    const along = (/** @type {number} */ axis) => stretch(open.map((/** @type {Slot} */ one) => {
      const box = boxOf(one.item);
      return [box[axis], box[axis + 2], inner.get(one.item.id).size[axis] + (axis ? HEAD + AROUND : 2 * AROUND)];
    }));
    const [x, y] = [along(0), along(1)];
    return { x, y, inner, size: [x(w), y(h)] };
  }

  /** @param {Set<string>} opened @param {(slot: Slot) => void} draw @returns {number[]} */
  function spread(opened, draw) {
    const lay = (/** @type {string} */ id, /** @type {any} */ sheet, /** @type {number} */ ox, /** @type {number} */ oy) => {
      const { boxes, lines } = /** @type {any} */ (inside.get(id));
      for (const slot of boxes) {
        const [l, t, w, h] = boxOf(slot.item);
        const own = sheet.inner.get(slot.item.id);
        const [ww, hh] = own ? [own.size[0] + 2 * AROUND, own.size[1] + HEAD + AROUND] : [w, h];
        const x = ox + (sheet.x(l) + sheet.x(l + w) - ww) / 2;
        const y = oy + (sheet.y(t) + sheet.y(t + h) - hh) / 2;
        const chips = slot.item.chip_at || [l + w + 8, t];
        slot.at = { box: [x, y, ww, hh], chips: [x + chips[0] - l, y + chips[1] - t] };
        draw(slot);
        if (own) lay(slot.item.id, own, x + AROUND, y + HEAD);
      }
      for (const slot of lines) {
        const { item } = slot;
        const points = (item.path || "M0 0C0 0 0 0 0 0").slice(1).split(/[C ]/).map(Number);
        const moved = points.map((/** @type {number} */ v, /** @type {number} */ i) => (i % 2 ? oy + sheet.y(v) : ox + sheet.x(v)));
        const last = points.length - 2;
        const tag = item.tag_at && item.tag_at.map(Number);
        const moveTag = tag && [ox + sheet.x(tag[0] + tag[2] / 2) - tag[2] / 2, oy + sheet.y(tag[1] + tag[3] / 2) - tag[3] / 2, tag[2], tag[3]];
        // Both ends keep to their boxes, wherever these have gone; the curve leaves and enters them vertically.
        const hold = (/** @type {string} */ end, /** @type {number} */ i, /** @type {number} */ next, /** @type {boolean} */ below) => {
          const box = slots.get(end);
          const [from, to] = box && !(tag && below && !item.tag) ? [boxOf(box.item), box.at.box] : [tag, moveTag];
          if (!from) return;
          moved[i] = moved[next] = to[0] + ((points[i] - from[0]) / from[2]) * to[2];
          const by = to[1] + (below ? to[3] : 0) + (points[i + 1] - from[1] - (below ? from[3] : 0)) - moved[i + 1];
          moved[i + 1] += by;
          moved[next + 1] = below ? Math.max(moved[next + 1], moved[i + 1]) : Math.min(moved[next + 1], moved[i + 1]);
        };
        if (sheet.inner.size) {
          hold(item.source, 0, 2, true);
          hold(item.target, last, last - 2, false);
        }
        let label = item.label_at && item.label_at.map(Number);
        if (label) {
          const y = sheet.y(label[1]);
          label = [sheet.inner.size ? label[0] - crossing(points, label[1]) + crossing(moved, oy + y) : ox + label[0], oy + y];
        }
        slot.at = { points: moved, tag: moveTag, label };
        draw(slot);
      }
    };
    const whole = measure("", opened);
    lay("", whole, 0, 0);
    return whole.size;
  }
  return { spread, home, links };
}

/** Where a path is at a height.
 * @param {number[]} points @param {number} height */
function crossing(points, height) {
  let [best, off] = [points[0], Infinity];
  for (let i = 0; i + 7 < points.length; i += 6) {
    for (let t = 0; t <= 1; t += 1 / 16) {
      const at = (/** @type {number} */ k) => (1 - t) ** 3 * points[i + k] + 3 * t * (1 - t) ** 2 * points[i + k + 2] +
        3 * t * t * (1 - t) * points[i + k + 4] + t ** 3 * points[i + k + 6];
      const far = Math.abs(at(1) - height);
      if (far < off) [best, off] = [at(0), far];
    }
  }
  return best;
}

/** A map of a line onto a longer one, in which each of these stretches gets the length it wants.
 * @param {number[][]} wants [start, length, wanted length] @returns {(v: number) => number} */
export function stretch(wants) {
  if (!wants.length) return (v) => v;
  const ends = [...new Set(wants.flatMap(([a, n]) => [a, a + n]))].sort((a, b) => a - b);
  const slopes = ends.map((a) => Math.max(1, ...wants.filter(([b, n]) => b <= a && a < b + n).map(([, n, m]) => m / n)));
  return (v) => {
    let out = v;
    for (let i = 0; i < ends.length && ends[i] < v; i++) {
      out += (Math.min(v, ends[i + 1] ?? ends[i]) - ends[i]) * (slopes[i] - 1);
    }
    return out;
  };
}

/** Says what the reader reads, from the one catalogue (viz/texts.py): no sentence stands in this file.
 * @param {Record<string, string>} [texts] @returns {Say} */
export function speaker(texts = {}) {
  return (key, words = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => String(words[name] ?? all));
}

// ---------------------------------------------------------------- making elements

/** @param {string} space @param {string} tag @param {Record<string, any>} [attributes] @param {...(globalThis.Node | string)} inside
 * @returns {any} */
function make(space, tag, attributes = {}, ...inside) {
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  // Jupyter looks for its shortcuts before we hear of a key, from the element that has the focus upwards to the first
  // with this attribute: so each has it, not the root alone.
  if (tag === "button" || tag === "input" || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...inside);
  return element;
}
/** @param {string} tag @param {string} [className] @param {...(globalThis.Node | string)} inside @returns {any} */
const h = (tag, className, ...inside) => make("", tag, { class: className || null }, ...inside);
/** @param {string} tag @param {Record<string, any>} [attributes] @param {...(globalThis.Node | string)} inside @returns {any} */
const s = (tag, attributes, ...inside) => make(SVG, tag, attributes, ...inside);

const ICONS = {
  first: "M4 3h2v10H4zM14 3v10L7 8z",
  back: "M12 3v10L4 8z",
  play: "M4 2.5v11L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  next: "M4 3v10l8-5z",
  last: "M10 3h2v10h-2zM2 3v10l7-5z",
  plus: "M7 3h2v4h4v2H9v4H7V9H3V7h4z",
  minus: "M3 7h10v2H3z",
  fit: "M2 2h5v2H4v3H2zM14 2v5h-2V4H9V2zM2 14V9h2v3h3v2zM14 14H9v-2h3V9h2z",
  wide: "M9 2h5v5h-2V5.4L9.2 8.2 7.8 6.8 10.6 4H9zM7 14H2V9h2v1.6l2.8-2.8 1.4 1.4L5.4 12H7z",
  help: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 1.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6zM7.2 10.6h1.7v1.7H7.2zm.1-1.1c0-1.9 2-2 2-3.4 0-.7-.5-1.1-1.2-1.1S6.8 5.5 6.7 6.3L5.2 6c.2-1.5 1.3-2.5 2.9-2.5S10.9 4.5 10.9 6c0 2-2 2.2-2 3.5z",
  close: "M4.4 3L8 6.6 11.6 3 13 4.4 9.4 8l3.6 3.6-1.4 1.4L8 9.4 4.4 13 3 11.6 6.6 8 3 4.4z",
  error: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM7 4v5h2V4zm0 6.3v2h2v-2z",
};

/** @param {keyof typeof ICONS} name */
function icon(name) {
  return s("svg", { class: "mg-icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    s("path", { d: ICONS[name], "fill-rule": "evenodd" }));
}

/** @param {string} className @param {string} label @param {() => void} onClick @param {...(globalThis.Node | string)} inside */
function button(className, label, onClick, ...inside) {
  const element = make("", "button", { type: "button", class: className, "aria-label": label, title: label }, ...inside);
  element.addEventListener("click", onClick);
  return element;
}

/** MathML from nested lists; a tag that is not on the list becomes an mrow.
 * @param {any} part @returns {globalThis.Node} */
export function math(part) {
  if (!Array.isArray(part)) return document.createTextNode(String(part));
  const [kind, ...rest] = part;
  // A shape is a number: text counts as space, and then "=" before it would lose its own.
  const tag = kind === "mtext" && /^\(\d/.test(rest[0]) ? "mn" : kind;
  const element = document.createElementNS(MATH, MATH_TAGS.has(tag) ? tag : "mrow");
  if (tag === "mark") element.setAttribute("class", "mg-hot");
  // Mathematics has no spaces: words among symbols keep theirs.
  if (tag === "mtext" && /\p{L} \p{L}/u.test(String(rest[0]))) element.append(`\u00a0${String(rest[0]).trim()}\u00a0`);
  else element.append(...rest.map(math));
  return element;
}

/** A formula that can be broken before each "=": browsers do not break mathematics.
 * @param {Formula} formula */
function drawFormula(formula) {
  const parts = splitMath(formula.math).flatMap((part) => {
    const inside = /** @type {any} */ (math(part));
    const sign = inside.firstElementChild;
    if (sign && sign.textContent === "=") for (const side of ["lspace", "rspace"]) sign.setAttribute(side, "0.28em");
    return [make(MATH, "math", { displaystyle: "true" }, inside), " "];
  });
  const drawn = make("", "span", { class: "mg-math", role: "math", "aria-label": formula.text }, ...parts);
  return h("div", "mg-formula", drawn, formula.note ? h("small", "", formula.note) : "");
}

/** A name that breaks between its parts, where it has to.
 * @param {string} name @returns {(HTMLElement | string)[]} */
function breakable(name) {
  return name.split(/(?<=[._,(=])(?=\p{L})|(?=Backward)/u).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));
}

/** @param {any} part @returns {any[]} */
export function splitMath(part) {
  if (!Array.isArray(part) || part[0] !== "mrow") return [part];
  const out = [["mrow"]];
  for (const inner of part.slice(1)) {
    if (Array.isArray(inner) && inner[0] === "mo" && inner[1] === "=" && out[out.length - 1].length > 1) out.push(["mrow"]);
    out[out.length - 1].push(inner);
  }
  return out;
}

/** A tensor's numbers: one number as text, few numbers on a heat map (which loses them, and has the text beside it,
 * where its place is too narrow), more as a heat map of colours with the text, a large tensor as the text alone.
 * @param {Value} value @returns {HTMLElement} */
function numbers(value) {
  const text = signed(value.text);
  const cells = value.cells || [];
  if (cells.length < 2 || value.shape.length > 2) return h("span", "mg-num", text);
  const exact = value.shape.reduce((a, b) => a * b, 1) === cells.length;
  // A large tensor's cells are the means of its parts: see COARSE in viz/record.py.
  const across = exact ? value.shape[value.shape.length - 1] : value.shape.length === 2 ? cells.length / Math.min(value.shape[0], COARSE) : cells.length;
  const columns = value.shape.length === 1 ? Math.min(across, 16) : across;
  const letters = Array.from({ length: columns }, (_, i) =>
    Math.max(...cells.map((c, k) => (k % columns === i ? cellText(c).length : 0)))).reduce((a, b) => a + b + 1, 0);
  const room = !exact || cells.length > 16 || letters > 30 ? "" : letters <= 6 ? "s" : letters <= 10 ? "m" : letters <= 15 ? "l" : "xl";
  const grid = make("", "span", { class: "mg-heat", role: "img", "aria-label": text });
  grid.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  grid.style.setProperty("--mg-n", String(columns));
  const sizes = cells.map((c) => (typeof c === "number" ? Math.abs(c) : 0));
  const most = Math.max(...sizes) || 1;
  cells.forEach((c, i) => {
    const cell = h("i", typeof c === "number" ? (c < 0 ? "mg-neg" : "mg-pos") : "mg-odd", room ? cellText(c) : "");
    cell.style.setProperty("--mg-a", (0.06 + 0.62 * (sizes[i] / most)).toFixed(2));
    grid.append(cell);
  });
  return h("span", `mg-num mg-sum${room ? ` mg-fit mg-fit-${room}` : ""}`, grid, h("span", "mg-flat", text));
}

const KEYWORDS = new Set(
  ("and as assert break class continue def del elif else except False finally for from if import in is lambda None " +
    "not or pass raise return True try while with yield").split(" "),
);

/** A line of Python in the few colours that help to read it.
 * @param {string} line @returns {(HTMLElement | string)[]} */
export function paint(line) {
  const out = [];
  const token = /(#.*)|("[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|(\b\d[\w.]*)|([\p{L}_][\p{L}\p{N}_]*)/gu;
  let end = 0;
  for (const found of line.matchAll(token)) {
    const kind = found[1] ? "mg-k-note" : found[2] ? "mg-k-text" : found[3] ? "mg-k-num" : KEYWORDS.has(found[4]) ? "mg-k-word" : "";
    if (!kind) continue;
    if (found.index > end) out.push(line.slice(end, found.index));
    out.push(h("span", kind, found[0]));
    end = found.index + found[0].length;
  }
  out.push(line.slice(end));
  return out;
}

// ---------------------------------------------------------------- the stepper

/**
 * Build a stepper inside `el`.
 * @param {HTMLElement} el @param {Trace} trace @param {Options} [options]
 */
export function mount(el, trace, options = {}) {
  const { mg } = /** @type {any} */ (el); // what a notebook's output brings with it (viz/page.py)
  const say = speaker(options.texts || (mg && mg.texts));
  // A page of its own keeps the step in its address (viz/page.py): there the answers alone are remembered.
  const lead = options.lead || null;
  const linked = !!(mg && options.onStep);
  const keeper = mg ? keeping(el, [trace], linked ? 0 : options.step || 1) : null;
  const { slots, changes } = load(trace);
  const steps = trace.steps;
  const count = steps.length;
  const lineName = nameLines(trace, say);
  const resumed = new Map(/** @type {[number, number][]} */ (trace.resumed || []));
  const nodes = trace.nodes || [];
  const big = nodes.length > MANY;
  /** @type {Map<string, Slot[]>} */
  const nodesOf = new Map(); // of each tensor
  for (const node of nodes) {
    if (node.tensor) nodesOf.set(node.tensor, [...(nodesOf.get(node.tensor) || []), /** @type {Slot} */ (slots.get(node.id))]);
  }
  const folds = (trace.groups || []).length > 0;
  let current = -1; // the index of the step shown
  let speed = 0;
  let timer = 0;
  /** @type {Slot | null} */
  let inspected = null;
  /** @type {Map<Slot, string>} */
  const busy = new Map(); // closed groups with a node at work, and which
  /** @type {Slot[]} */
  let lit = []; // what the step shown has marked
  /** @type {any[]} */
  let marked = []; // table cells marked as changed
  /** @type {any[]} */
  let shownLines = []; // the lines of the step shown
  /** @type {Slot[]} */
  let passing = []; // tensors in the table for this step only
  /** @type {any[]} */
  const turns = []; // the rows they take
  const questions = trace.questions || [];
  /** @type {Map<Question, boolean>} */
  const answered = new Map(); // whether the first answer was right
  /** @type {Set<any>} */
  const breaks = new Set(); // numbers of lines, and slots of nodes
  let verdict = ""; // what the last answer was worth; it stands beside the step it was about

  const root = make("", "div", {
    class: `mg-root${big ? " mg-big" : ""}`, role: "group", tabindex: "0",
    "aria-label": trace.title ? say("stepper.of", { title: trace.title }) : say("stepper"),
  });

  // Toolbar
  const first = button("mg-first", say("first"), () => go(0), icon("first"));
  const back = button("mg-back", say("back"), () => go(current - 1), icon("back"));
  const play = button("mg-play", say("play"), () => (timer ? stop() : start()), icon("play"));
  const next = button("mg-next", say("next"), () => go(current + 1), h("span", "", say("step")), icon("next"));
  const last = button("mg-last", say("last"), () => go(count - 1), icon("last"));
  const pace = button("mg-pace", say("pace"), () => setSpeed((speed + 1) % SPEEDS.length), "1×");
  const pill = h("span", "mg-pill");
  const counter = h("span", "mg-count");
  const help = button("mg-ask", say("keys.open"), () => toggleKeys(), icon("help"));
  const lecture = button("mg-lecture", say("lecture"), () => toggleLecture(), icon("wide"));
  const score = h("span", "mg-score");
  const nextChange = button("mg-leap", say("leap.change.label"), () => change(1), say("leap.change"));
  const leaps = make("", "span", { class: "mg-leaps", role: "group", "aria-label": say("leap") }, h("span", "", say("leap")),
    button("mg-leap", say("leap.line.label"), () => leap(1, lineOf), say("leap.line")),
    button("mg-leap", say("leap.phase.label"), () => leap(1, partOf), say("leap.phase")), nextChange);
  const bar = make("", "div", { class: "mg-bar", role: "group", "aria-label": say("bar") },
    first, back, play, next, last, pace, pill, counter, score, h("span", "mg-tools", leaps, help, lecture));

  // Timeline: of what is known. What lies beyond a question that has no answer yet is not on it, nor how much it is.
  const phases = phasesOf(steps);
  let known = count;
  let parts = segments(steps);
  const knob = h("span", "mg-knob");
  const bits = h("div", "mg-parts");
  const veil = h("span", "mg-veil", "?");
  const track = make("", "div", { class: "mg-track", role: "slider", tabindex: "0", "aria-label": say("track"), "aria-valuemin": "1" }, bits, veil, knob);
  const span = () => (known < count ? known / KNOWN : count);
  const share = (/** @type {number} */ k) => `${(100 * k) / span()}%`;
  /** @param {{phase: string, number: number, start: number, end: number}} part */
  function drawPart({ phase, number, start, end }) {
    const name = say(number ? "phase.number" : `phase.${phase}`, { phase: say(`phase.${phase}`), number });
    const line = h("span", "mg-part-bar");
    if (count <= 80) {
      for (let k = start + 1; k < end; k++) {
        const notch = h("i", "");
        notch.style.left = `${(100 * (k - start)) / (end - start)}%`;
        line.append(notch);
      }
    }
    // A name that does not fit goes to a second line, which is not seen.
    const part = make("", "div", { class: `mg-part mg-p-${phase}`, title: say("part", { name, first: start + 1, last: end }) },
      line, h("span", "mg-part-name", h("span", "", name)));
    part.style.left = share(start);
    part.style.width = share(end - start);
    return part;
  }
  const at = (/** @type {PointerEvent} */ event) => {
    const box = track.getBoundingClientRect();
    go(Math.floor(((event.clientX - box.left) / box.width) * span()));
  };
  track.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    track.setPointerCapture(event.pointerId);
    at(event);
  });
  track.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (track.hasPointerCapture(event.pointerId)) at(event);
  });

  // Code
  /** @type {any[]} */
  const lines = [];
  const stepsOfLine = new Map();
  steps.forEach((step, k) => {
    if (step.line) stepsOfLine.set(step.line, [...(stepsOfLine.get(step.line) || []), k]);
  });
  const code = make("", "div", { class: "mg-code", role: "group", tabindex: "0", "aria-label": say("code") });
  let printed = (trace.first_line || 1) - 1; // lines are counted from 1, and shown with the numbers of their cell or file
  let part = 1;
  trace.source.forEach((text, i) => {
    const number = i + 1;
    printed = resumed.get(number) ?? printed + 1;
    if (resumed.has(number)) code.append(h("div", "mg-resumed", say("resumed", { part: ++part })));
    const inside = [h("span", "mg-no", String(printed)), h("span", "mg-text-of", ...paint(text))];
    const has = stepsOfLine.has(number);
    if (has) {
      inside[0].addEventListener("click", (/** @type {Event} */ event) => {
        event.stopPropagation();
        toggleBreak(number);
      });
    }
    const line = has
      ? make("", "button", { type: "button", class: "mg-line", tabindex: "-1" }, ...inside)
      : make("", "div", { class: "mg-line", tabindex: "-1" }, ...inside);
    if (has) line.addEventListener("click", () => goLine(number));
    lines.push(line);
    code.append(line);
  });

  // This step
  const told = account();
  const asking = make("", "div", { class: "mg-quiz", role: "group", "aria-label": say("predict") });
  const panel = make("", "div", { class: "mg-step", role: "group", tabindex: "0", "aria-label": say("this") },
    ...told.elements, asking);

  // Tensors
  const table = make("", "div", { class: "mg-table", role: "table", "aria-label": say("tensors") });
  table.append(make("", "div", { class: "mg-row mg-head", role: "row" },
    ...["head.tensor", "head.value", "head.grad", "head.version", "head.fn"].map((key) => say(key)).map((name) => make("", "span", { role: "columnheader" }, name))));
  const longest = Math.max(0, ...[...slots.values()].map(({ kind, item }) => (kind === "tensor" && item.grad_fn ? item.grad_fn.length : 0)));
  table.style.setProperty("--mg-fn", `${Math.min(9.5, Math.max(4.5, 0.64 * longest + 1.2))}em`);
  const many = (trace.tensors || []).length > ROWS;
  const rest = h("div", "mg-rest", say("rest", { count: (trace.tensors || []).length }));
  (trace.tensors || []).forEach((tensor, i) => {
    const slot = /** @type {Slot} */ (slots.get(tensor.id));
    slot.row = i;
    if (!many || (tensor.leaf ?? true)) slot.parts = newRow();
  });
  const tensors = make("", "div", { class: "mg-tensors", role: "group", tabindex: "0", "aria-label": say("tensors") }, table);
  if (many) tensors.append(rest);

  // Graph
  let [width, height] = [trace.width || 100, trace.height || 60];
  const picture = s("svg", { class: "mg-svg", viewBox: `0 0 ${width} ${height}`, role: "presentation" });
  const [floor, under, over] = [s("g"), s("g"), s("g")];
  picture.append(floor, under, over);
  // The picture is cut into bands, drawn when they first come near the pane and taken out when they leave it, so
  // that a step costs the same in a graph of thousands of nodes as in one of ten.
  /** @type {Map<number, Band>} */
  const bands = new Map();
  const band = (/** @type {number} */ n) => {
    if (!bands.has(n)) bands.set(n, { slots: [], under: null, over: null, shown: false });
    return /** @type {Band} */ (bands.get(n));
  };
  const opened = new Set((trace.groups || []).filter((group) => group.open && !group.shut).map((group) => group.id));
  const contents = sheets(trace, slots);
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
  // An application, to a screen reader: the arrows are ours, and walk from node to node.
  const scroller = make("", "div", { class: "mg-scroll", role: "application", tabindex: "0",
    "aria-label": trace.title ? say("graph.of", { title: trace.title }) : say("graph") }, picture);
  const inspector = make("", "div", { class: "mg-inspect", role: "group", "aria-label": say("inspect") });
  const graph = h("div", "mg-graph", scroller, inspector,
    make("", "div", { class: "mg-zoom", role: "group", "aria-label": say("size") },
      button("", say("larger"), () => zoom(1.25), icon("plus")),
      button("", say("smaller"), () => zoom(0.8), icon("minus")),
      button("", say("fit"), () => fit(), icon("fit"))));
  const setHeight = () => graph.style.setProperty("--mg-h", String(Math.round(height)));

  // Foot
  const legend = h("div", "mg-legend");
  const memory = h("span", "mg-bytes");
  const curve = s("path", {});
  const dot = s("line", { class: "mg-spark-now", y1: "0", y2: "20" });
  const spark = s("svg", { class: "mg-spark", preserveAspectRatio: "none", "aria-hidden": "true" }, curve, dot);
  const foot = h("div", "mg-foot", legend, h("span", "mg-space"), ...(steps.some((step) => step.saved_bytes) ? [memory, spark] : []));
  const live = make("", "div", { class: "mg-live", "aria-live": "polite" });
  const keys = keyHelp(() => toggleKeys(), say, folds);
  const notes = (trace.notes || []).map((text) => h("div", "mg-note", text));
  const body = h("div", "mg-body", code, panel, graph, tensors);
  body.style.setProperty("--mg-table", `${roomForRows(trace).toFixed(1)}em`);
  // A page of its own has the title above it, and a side of two runs its label.
  if (trace.title && !linked && !lead) root.append(h("div", "mg-name", trace.title));
  root.append(bar, h("div", "mg-time", track), ...notes, body, foot, live, keys);

  // -------------------------------------------------------------- drawing the cast

  function newRow() {
    const cell = (/** @type {string} */ name) => make("", "span", { role: "cell", class: `mg-c-${name}` });
    const cells = { name: cell("name"), value: cell("value"), grad: cell("grad"), version: cell("version"), grad_fn: cell("fn") };
    const row = make("", "div", { class: "mg-row", role: "row" }, ...Object.values(cells));
    const pick = make("", "button", { type: "button", class: "mg-pick", tabindex: "-1", "aria-pressed": "false" });
    cells.name.append(pick);
    row.addEventListener("click", () => inspect(slotOf(row)));
    table.append(row);
    return { group: row, cells, box: pick, shown: {} };
  }
  /** The tensor that a row shows, for now. @param {any} row */
  function slotOf(row) {
    return /** @type {Slot} */ ([...slots.values()].find(({ kind, parts }) => kind === "tensor" && parts && parts.group === row));
  }
  /** In a run of many tensors the rows are those of the leaves, and some more that are the step's tensors' in turn. */
  function chooseRows() {
    for (const slot of passing) slot.parts = null;
    passing = lit.filter((slot) => slot.kind === "tensor" && !slot.parts).sort((a, b) => /** @type {number} */ (a.row) - /** @type {number} */ (b.row));
    passing.forEach((slot, i) => {
      slot.parts = turns[i] || (turns[i] = newRow());
      arrive(slot);
    });
    for (const { group } of turns.slice(passing.length)) group.classList.remove("mg-on");
  }

  /** @param {number} y */
  function bandOf(y) {
    return Math.floor(y / BAND);
  }
  /** Put the bands in and around the pane into the picture, and take the others out. */
  function drawBands() {
    const top = bandOf(scroller.scrollTop / scale) - 1;
    const bottom = bandOf((scroller.scrollTop + scroller.clientHeight) / scale) + 1;
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
    setHeight();
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
    head.addEventListener("click", () => toggleGroup(slot));
    const group = s("g", { class: "mg-frame" }, s("rect", { class: "mg-frame-box", x, y, width: w, height: hh, rx: 6 }), head);
    slot.parts = { group, head, box: head };
    floor.append(group);
    arrive(slot);
  }

  /** Open a closed group, or fold an open one; what was clicked stays where it is on the screen.
   * @param {Slot} slot */
  function toggleGroup(slot) {
    const { id, shut, label } = slot.item;
    if (shut) return;
    const focused = root.contains(document.activeElement) && document.activeElement;
    const before = slot.at && slot.at.box;
    const corner = before && [before[0] * scale - scroller.scrollLeft, before[1] * scale - scroller.scrollTop];
    if (!opened.delete(id)) opened.add(id);
    arrange();
    if (current >= 0) mark(steps[current]);
    resize(chosen ? scale : natural());
    if (corner && slot.at) {
      scroller.scrollLeft = slot.at.box[0] * scale - corner[0];
      scroller.scrollTop = slot.at.box[1] * scale - corner[1];
    }
    drawBands();
    if (focused && slot.parts) slot.parts.box.focus({ preventScroll: true });
    live.textContent = say(opened.has(id) ? "is.open" : "is.folded", { label });
    remember();
  }
  /** Open the closed groups that hide what this step is about, one level; or fold the innermost that shows it.
   * @param {boolean} open */
  function toggleActive(open) {
    for (const id of steps[current].active || []) {
      const slot = slots.get(id);
      if (!slot || slot.kind !== "node") continue;
      const at = shown(slot);
      const group = open ? (at && at.kind === "group" ? at : null) : at && slots.get(at.item.inside);
      if (group) return toggleGroup(group);
    }
  }

  /** @param {Slot} slot @param {Band} into */
  function drawEdge(slot, into) {
    const edge = slot.item;
    const [down, up] = [ended(slot.at.points, false), ended(slot.at.points, true)];
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
    arrive(slot);
  }

  /** @param {Slot} slot */
  function arrive(slot) {
    show(slot);
    if (lit.includes(slot)) light(slot, true, steps[current]);
    if (slot.parts.box) {
      pick(slot);
      slot.parts.group.classList.toggle("mg-break", breaks.has(slot));
    }
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
    const group = s("g", { class: `mg-node mg-${folded ? `group${node.shut ? " mg-shut" : ""}` : kindOf(node.kind)}` });
    if (folded) {
      // A stack of boxes: there is more behind it.
      for (const d of [6, 3]) group.append(s("rect", { class: "mg-box mg-behind", x: x + d, y: y + d, width: w, height: hh, rx: 5 }));
      box.setAttribute("aria-expanded", "false");
    }
    group.append(box);
    if (node.kind === "output") group.append(s("rect", { class: "mg-inner", x: x + 3, y: y + 3, width: w - 6, height: hh - 6, rx: 3 }));
    group.append(label, detail);
    group.addEventListener("click", () => (folded ? toggleGroup(slot) : inspect(slot)));
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
      arrive(saved);
    });
    into.over.append(group);
    arrive(slot);
  }

  /** Draw what shows the whole run, up to the first question that has no answer yet. */
  function look() {
    const open = questions.find((one) => !answered.has(one));
    known = open ? open.step : count;
    parts = segments(steps.slice(0, known));
    track.classList.toggle("mg-fine", parts.length > 40);
    track.setAttribute("aria-valuemax", String(known));
    bits.replaceChildren(...parts.map(drawPart));
    veil.hidden = known === count;
    veil.style.left = share(known);
    root.classList.toggle("mg-asks", known < count);
    score.textContent = questions.length ? say("score", { right: [...answered.values()].filter(Boolean).length, count: questions.length }) : "";
    spark.setAttribute("viewBox", `0 0 ${span()} 20`);
    curve.setAttribute("d", sparkline(steps.slice(0, known)));
    for (const [number, all] of stepsOfLine) {
      const line = lines[number - 1];
      line.disabled = all[0] >= known;
      line.title = line.disabled ? "" : say("line.go");
      line.firstChild.title = line.disabled ? "" : say("break.set");
    }
    const seen = changes.slice(0, known).flat();
    const there = new Set([...slots.values()].filter((slot) => slot.now.visible));
    for (const { slot, field, after } of seen) if (field === "visible" && after) there.add(slot);
    const shown_ = [...there].filter(({ kind }) => kind === "node").map(({ item }) => item);
    const occurs = (/** @type {string} */ kind) =>
      kind === "group" ? folds
        : kind === "held" || kind === "gone" ? shown_.some((node) => (node.chips || []).length)
        : kind === "stale" ? seen.some(({ field, after }) => field === "stale" && after)
        : shown_.some((node) => node.kind === kind);
    legend.replaceChildren(...["leaf", "operation", "output", "untracked", "group", "held", "gone", "stale"].filter(occurs)
      .map((kind) => h("span", "mg-key", h("i", `mg-key-${kind}`), say(`key.${kind}`))));
  }

  // -------------------------------------------------------------- showing the state

  /** @param {Slot} slot */
  function show(slot) {
    const { now, parts, item } = slot;
    if (!parts) return;
    if (slot.kind === "edge" || slot.kind === "link") {
      parts.group.classList.toggle("mg-on", now.visible);
      if (now.gradient !== null && !parts.label) {
        const [x, y] = slot.at.label || [0, 0];
        parts.label = s("text", { class: "mg-grad", x, y: y + 4 });
        parts.into.over.append(parts.label);
      }
      if (parts.label) {
        write(parts.label, now.gradient === null ? "" : clip(signed(now.gradient), 28));
        parts.label.toggleAttribute("hidden", now.gradient === null);
        parts.group.classList.toggle("mg-travelled", now.gradient !== null);
      }
    } else if (parts.head) parts.group.classList.toggle("mg-on", now.visible);
    else if (slot.kind === "node" || slot.kind === "group") {
      const classes = parts.group.classList;
      classes.toggle("mg-on", now.visible);
      classes.toggle("mg-freed", now.freed);
      classes.toggle("mg-failed", now.failed);
      write(parts.label, clip(now.label, Math.floor(parts.room / LABEL)));
      write(parts.detail, clip(slot.kind === "group" ? busy.get(slot) || now.detail : now.failed ? failedText(item.id) : signed(now.detail), Math.floor(parts.room / SMALL)));
      call(slot);
      if (now.failed && !parts.mark) {
        const [x, y] = slot.at.box;
        parts.mark = s("svg", { class: "mg-badge", x: x - 9, y: y - 9, width: 20, height: 20, viewBox: "0 0 16 16" },
          s("circle", { cx: 8, cy: 8, r: 7 }), s("path", { d: ICONS.error, "fill-rule": "evenodd" }));
        parts.group.append(parts.mark);
      }
    } else if (slot.kind === "chip") {
      const classes = parts.group.classList;
      classes.toggle("mg-on", now.held !== null);
      classes.toggle("mg-held", now.held === true);
      classes.toggle("mg-stale", now.stale);
      write(parts.text, `${item.label} v${item.version}`);
    } else {
      showRow(slot);
      for (const node of nodesOf.get(item.id) || []) call(node);
    }
  }

  /** What a screen reader hears of a node: what it is called, its value, its gradient, its state.
   * @param {Slot} slot */
  function call(slot) {
    const { now, parts } = slot;
    const tensor = tensorOf(slot);
    if (!parts) return;
    const words = [now.label, signed(now.detail), tensor ? say("gradient.is", { gradient: gradText(tensor) }) : "", now.failed ? say("failed") : now.freed ? say("done") : ""];
    parts.box.setAttribute("aria-label", words.filter(Boolean).join(", "));
  }

  /** @param {Slot} slot */
  function showRow(slot) {
    const { now, parts } = slot;
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
      now.grad === null || typeof now.grad === "string" ? h("em", "", gradText(slot)) : numbers(now.grad));
    put("version", now.version, () => h("span", "mg-num", String(now.version)));
    const fn = now.grad_fn || (now.leaf ? say(now.requires_grad ? "leaf.grad" : "leaf") : "None");
    put("grad_fn", fn, () => h(now.grad_fn ? "span" : "em", "", ...breakable(fn)));
  }

  /** The second line of the node an error stopped at.
   * @param {string} id */
  function failedText(id) {
    const step = steps.find((one) => one.error && (one.changes || []).some((c) => c[0] === id && c[1] === "failed"));
    return step ? failureText(step, lineName, say) : say("failed");
  }

  // -------------------------------------------------------------- going to a step

  /** @param {number} target @param {boolean} [quiet] when the answer comes from outside and must not be sent back */
  function go(target, quiet = false) {
    const k = Math.max(0, Math.min(known - 1, target));
    if (timer && target >= known) stop();
    if (!count || k === current) return;
    if (lead && !quiet) return lead.go(k);
    verdict = "";
    const focused = root.contains(document.activeElement);
    for (const slot of walk(changes, current, k)) show(slot);
    current = k;
    mark(steps[k]);
    describe(steps[k]);
    if (timer && !lead && k === count - 1) stop();
    if (focused) keepFocus();
    remember();
    if (!quiet && options.onStep) options.onStep(k + 1);
  }

  /** Where what had the focus is gone, the stepper has it: the keys are not the notebook's. */
  function keepFocus() {
    const holder = /** @type {any} */ (document.activeElement);
    if (!root.contains(holder) || holder.disabled || (body.contains(holder) && !holder.getClientRects().length)) root.focus({ preventScroll: true });
  }
  function remember() {
    if (keeper) keeper.write({ step: current + 1, answers: [...answered.values()], opened: [...opened] });
  }

  /** @param {Step} step */
  function mark(step) {
    for (const slot of lit) light(slot, false, step);
    for (const cell of marked) cell.classList.remove("mg-changed");
    marked = [];
    const now = new Set();
    const [were, worked] = [[...busy.keys()], busy];
    worked.clear();
    for (const id of step.active || []) {
      const slot = slots.get(id);
      if (!slot) continue;
      if (slot.kind === "edge") for (const link of contents.links.get(id) || []) now.add(shown(link));
      const at = slot.kind === "node" || slot.kind === "edge" ? shown(slot) : slot;
      if (at) now.add(at);
      if (at && at !== slot && slot.kind === "node" && !busy.has(at)) busy.set(at, way(slot, at));
    }
    for (const slot of new Set([...were, ...busy.keys()])) show(slot);
    for (const { slot } of changes[current]) if (slot.kind === "tensor") now.add(slot);
    lit = [...now];
    if (many) chooseRows();
    for (const slot of lit) light(slot, true, step);
    for (const { slot, field } of changes[current]) {
      const cell = slot.kind === "tensor" && slot.parts && slot.parts.cells[field];
      if (!cell) continue;
      cell.classList.add("mg-changed");
      marked.push(cell);
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

  /** @param {Slot} slot @param {boolean} on @param {Step} step */
  function light(slot, on, step) {
    const { parts } = slot;
    if (!parts) return;
    parts.group.classList.toggle("mg-now", on);
    if (slot.at && slot.at.points) {
      const end = on && step.phase === "backward" ? parts.up : parts.down;
      if (parts.line.getAttribute("d") !== end.line) {
        parts.line.setAttribute("d", end.line);
        parts.tip.setAttribute("d", end.tip);
      }
      if (parts.label) parts.label.classList.toggle("mg-now", on);
    }
  }

  /** @param {Step} step */
  function describe(step) {
    root.dataset.phase = phases[current];
    write(pill, say(`phase.${phases[current]}`));
    const where = { step: current + 1, count: known < count ? "?" : count };
    counter.textContent = say("count", where);
    track.setAttribute("aria-valuenow", String(current + 1));
    track.setAttribute("aria-valuetext", say("track.at", { ...where, phase: say(`phase.${phases[current]}`), title: step.title }));
    knob.style.left = share(current + 0.5);
    first.disabled = back.disabled = current === 0;
    next.disabled = last.disabled = current === known - 1;
    for (const old of shownLines) {
      old.classList.remove("mg-now", "mg-from", "mg-by");
      old.removeAttribute("aria-current");
      delete old.dataset.mark;
    }
    const line = step.line ? lines[step.line - 1] : null;
    const origin = step.origin && step.origin !== step.line ? lines[step.origin - 1] : null;
    const by = step.changed ? lines[step.changed - 1] : null;
    shownLines = [line, origin, by].filter(Boolean);
    if (by) {
      by.classList.add("mg-by");
      for (const [one, text] of [[line, say("mark.fails")], [by, say("mark.changed")], [origin, say("mark.saved")]]) {
        if (one) one.dataset.mark = [one.dataset.mark, text].filter(Boolean).join(", ");
      }
    }
    if (origin) origin.classList.add("mg-from");
    if (line) {
      line.classList.add("mg-now");
      line.setAttribute("aria-current", "step");
    }
    told.tell(step);
    if (questions.length) predict();
    if (inspected) describeNode();
    const bytes = step.saved_bytes || 0;
    write(memory, say("memory", { size: bytesText(bytes) }));
    dot.setAttribute("x1", String(current + 0.5));
    dot.setAttribute("x2", String(current + 0.5));
    live.textContent = [say("live.step", { step: current + 1 }), ended_(step.title), step.error || step.text,
      ...(step.formulas || []).map((formula) => ended_(formula.text))].join(" ");
    reveal(line);
  }

  /** Where a step's title, sentence, error and formulas stand. */
  function account() {
    const [title, sentence, failure, formulas] = [h("div", "mg-title"), h("p", "mg-text"), h("div", "mg-error"), h("div", "mg-formulas")];
    /** @param {Step} step */
    const tell = (step) => {
      write(title, step.title);
      write(sentence, step.text);
      failure.hidden = !step.error;
      if (step.error) {
        const colon = step.error.indexOf(": ");
        failure.replaceChildren(icon("error"), h("div", "", h("b", "", colon < 0 ? step.error : step.error.slice(0, colon)),
          step.line ? h("span", "", ` ${say("on.line", { line: lineName(step.line) })}`) : "", h("p", "", colon < 0 ? "" : step.error.slice(colon + 2)),
          ...(step.notes || []).map((note) => h("p", "mg-added", note))));
      }
      formulas.replaceChildren(...(step.formulas || []).map(drawFormula));
    };
    return { elements: [title, sentence, failure, formulas], tell };
  }

  /** Give the panel the height that the longest step takes at this width, or a question: then stepping moves nothing
   * under the reader. Where that is too much, the panel scrolls. */
  function reserve() {
    const quiz = h("div", "mg-quiz");
    const { elements, tell } = account();
    const probe = h("div", "mg-step mg-probe", ...elements, quiz);
    body.append(probe);
    let most = 0;
    /** @param {number} k @param {Question} [question] */
    const measure = (k, question) => {
      tell(steps[k]);
      quiz.hidden = !question;
      if (question) ask(question, quiz);
      most = Math.max(most, probe.offsetHeight);
    };
    const long = steps.map((step, k) => [roomForText(step), k]).sort((a, b) => b[0] - a[0]);
    for (const [, k] of long.slice(0, LONGEST)) measure(k);
    for (const question of questions) measure(question.step - 1, question);
    probe.remove();
    body.style.setProperty("--mg-text", `${most}px`);
  }

  // -------------------------------------------------------------- predicting

  /** A question stands in the step before what it asks about. */
  function predict() {
    const open = questions.find((one) => !answered.has(one));
    if (open && current === open.step - 1) ask(open);
    else {
      asking.hidden = !verdict;
      asking.replaceChildren(verdict);
    }
  }

  /** @param {Question} question @param {any} [place] */
  function ask(question, place = asking) {
    const reply = h("p", "mg-reply");
    const wanted = [question.answer, ...(question.traps || []).map((trap) => trap.answer)].map(readAnswer).find(Array.isArray);
    const size = wanted ? wanted.length : 1; // of a gradient that stays None, too
    let tries = 0;
    /** @param {string} given */
    const check = (given) => {
      if (!given.trim()) return;
      const right = agrees(given, question.answer);
      if (right || question.choices) return settle(question, right && !tries, say(right ? "answer.right" : "answer.no", { answer: question.answer }));
      const trap = (question.traps || []).find((one) => agrees(given, one.answer));
      const numbers_ = readAnswer(given);
      const size_ = Array.isArray(numbers_) ? numbers_.length : numbers_ ? size : 0;
      if (trap || size_ === size) tries++; // what cannot be read, or has another size, is no try
      reply.textContent = live.textContent = trap ? trap.text : numbers_ === null ? say("answer.number")
        : numbers_.length !== size ? say(size === 1 ? "answer.size.one" : "answer.size", { count: size }) : say("answer.again");
    };
    const controls = [];
    if (question.choices) {
      for (const choice of question.choices) controls.push(button("mg-answer", choice, () => check(choice), choice));
    } else {
      const field = make("", "input", { type: "text", class: "mg-field", "aria-label": question.text, autocomplete: "off",
        spellcheck: "false", placeholder: say(size === 1 ? "answer.one" : "answer.many", { count: size }) });
      field.addEventListener("mg-enter", () => check(field.value));
      controls.push(field, button("mg-answer", say("check"), () => check(field.value), say("check")));
    }
    controls.push(button("mg-answer mg-reveal", say("reveal"), () => settle(question, false, say("answer.is", { answer: question.answer })), say("reveal")));
    place.replaceChildren(verdict ? h("p", "", verdict) : "", h("p", "", h("b", "", `${say("predict")}: `), question.text), h("div", "mg-answers", ...controls), reply);
    place.hidden = false;
  }

  /** @param {Question} question @param {boolean} right @param {string} text */
  function settle(question, right, text) {
    const focused = asking.contains(document.activeElement);
    answered.set(question, right);
    look();
    go(question.step);
    remember(); // the next question may stand in the same step
    verdict = text;
    predict();
    live.textContent = `${text} ${live.textContent}`;
    if (focused) (asking.querySelector("input") || root).focus({ preventScroll: true });
  }

  // Bring the line, the rows and the nodes of this step into view, each in its own pane, never the page.
  let revealing = 0;
  /** @param {any} line */
  function reveal(line) {
    cancelAnimationFrame(revealing);
    revealing = requestAnimationFrame(() => {
      if (line) scrollInto(code, line, 0);
      panel.scrollTop = 0;
      if (!asking.hidden) scrollInto(panel, asking, 0);
      const row = lit.find((slot) => slot.kind === "tensor" && slot.now.visible);
      if (row && row.parts) scrollInto(tensors, row.parts.group, HEADING);
      follow();
    });
  }

  // -------------------------------------------------------------- the size of the picture

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
  scroller.addEventListener("scroll", drawBands, { passive: true });
  function natural() {
    const least = 0.72;
    const top = parseFloat(getComputedStyle(root).fontSize) / 14;
    const whole = Math.min((scroller.clientWidth - 2) / width, (scroller.clientHeight - 2) / height, 1.25 * top);
    return entire ? whole : Math.max(least * top, whole);
  }
  /** @param {boolean} [all] the whole picture, else as large as one reads it */
  function fit(all = true) {
    entire = all;
    chosen = false;
    resize(natural());
    follow();
  }
  /** @param {number} factor @param {number} [x] @param {number} [y] the point that stays, in the pane */
  function zoom(factor, x = scroller.clientWidth / 2, y = scroller.clientHeight / 2) {
    const before = scale;
    const left = scroller.scrollLeft + x;
    const top = scroller.scrollTop + y;
    chosen = true;
    entire = false;
    resize(scale * factor);
    scroller.scrollLeft = (left * scale) / before - x;
    scroller.scrollTop = (top * scale) / before - y;
  }
  function follow() {
    bring(lit, !big && !calm());
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
    const edge = 40;
    const view = scroller;
    /** @param {number} from @param {number} to @param {number} start @param {number} size */
    const shift = (from, to, start, size) => {
      const [a, z] = [from * scale - edge, to * scale + edge];
      if (a >= start && z <= start + size) return start;
      return (a + z - size) / 2;
    };
    const left = shift(l, r, view.scrollLeft, view.clientWidth);
    const top = shift(t, b, view.scrollTop, view.clientHeight);
    if (left === view.scrollLeft && top === view.scrollTop) return;
    view.scrollTo({ left, top, behavior: gently ? "smooth" : "auto" });
    if (!gently) drawBands();
  }
  scroller.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = scroller.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  /** @type {number[] | null} */
  let drag = null;
  scroller.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button || event.pointerType === "touch") return; // touch pans by itself
    drag = [event.clientX, event.clientY, scroller.scrollLeft, scroller.scrollTop];
  });
  scroller.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    if (!(event.buttons & 1)) drag = null;
    else {
      const [x, y] = [event.clientX - drag[0], event.clientY - drag[1]];
      if (Math.abs(x) + Math.abs(y) > 4 && !scroller.hasPointerCapture(event.pointerId)) scroller.setPointerCapture(event.pointerId);
      scroller.scrollLeft = drag[2] - x;
      scroller.scrollTop = drag[3] - y;
    }
  });
  scroller.addEventListener("pointerup", () => (drag = null));

  // -------------------------------------------------------------- inspecting a node or a tensor

  /** @param {Slot | null} slot @returns {Slot | null} */
  function tensorOf(slot) {
    return slot && slot.kind !== "tensor" ? slots.get(slot.item.tensor) || null : slot;
  }
  /** Open what a node or a tensor is and holds; the same again closes it. A tensor has its row and its nodes, and where
   * it has a node in the picture that is what opens.
   * @param {Slot | null} wanted */
  function inspect(wanted) {
    const own = wanted && wanted.kind === "tensor" ? (nodesOf.get(wanted.item.id) || []).filter((node) => node.now.visible) : [];
    const same = wanted === inspected || (wanted && wanted.kind === "tensor" && wanted === tensorOf(inspected));
    const before = inspected;
    inspected = same ? null : own[own.length - 1] || wanted;
    for (const slot of [before, inspected]) if (slot) for (const one of [slot, tensorOf(slot), shown(slot)]) if (one) pick(one);
    nextChange.disabled = !tensorOf(inspected);
    const place = inspected && shown(inspected);
    if (place && place.at) inspector.classList.toggle("mg-high", centre(place)[1] * scale - scroller.scrollTop > scroller.clientHeight / 2); // beside it, not over it
    live.textContent = describeNode() || live.textContent;
  }
  /** Mark what stands for what is inspected. @param {Slot} slot */
  function pick(slot) {
    if (!slot.parts || !slot.parts.box) return;
    const on = !!inspected && (slot === inspected || slot === tensorOf(inspected) || slot === shown(inspected));
    slot.parts.group.classList.toggle("mg-picked", on);
    if (!slot.parts.box.hasAttribute("aria-expanded")) slot.parts.box.setAttribute("aria-pressed", String(on));
  }
  /** @returns {string} what it says */
  function describeNode() {
    inspector.hidden = !inspected;
    if (!inspected) return "";
    const { item, now } = inspected;
    /** @type {[string, any, string?][]} */
    const facts = [];
    const tensor = tensorOf(inspected);
    if (tensor && tensor.now.value) {
      facts.push([tensor.now.name, numbers(tensor.now.value), signed(tensor.now.value.text)]);
      facts.push([say("fact.shape"), tensor.now.value.shape.length ? tensor.now.value.shape.join(" × ") : say("fact.scalar")]);
      facts.push(["dtype", tensor.now.value.dtype]);
    }
    const detail = now.detail && !(tensor && tensor.now.value) ? now.detail : "";
    if (detail) facts.push([say("fact.detail"), signed(detail)]);
    for (const edge of trace.edges || []) {
      const gradient = /** @type {Slot} */ (slots.get(edge.id)).now.gradient;
      const other = slots.get(edge.source === item.id ? edge.target : edge.source);
      if (gradient === null || !other) continue;
      if (edge.source === item.id) facts.push([say("fact.from", { node: other.now.label }), signed(gradient)]);
      else if (edge.target === item.id) facts.push([say("fact.to", { node: other.now.label }), signed(gradient)]);
    }
    if (tensor && typeof tensor.now.grad === "object" && tensor.now.leaf) {
      facts.push([".grad", tensor.now.grad ? numbers(tensor.now.grad) : h("em", "", "None"), gradText(tensor)]);
    }
    for (const chip of item.chips || []) {
      const state = /** @type {Slot} */ (slots.get(chip.id)).now;
      const kept = chip.tensor ? slots.get(chip.tensor) : null;
      const word = say(state.held === null ? "chip.before" : state.held ? (state.stale ? "chip.stale" : "chip.held") : "chip.freed");
      facts.push([chip.label, say("chip", { x: kept ? kept.now.name : "", version: chip.version, size: bytesText(chip.bytes), state: word }).trim()]);
    }
    if (item.line) facts.push([say("fact.line"), lineName(item.line)]);
    const list = h("dl", "");
    for (const [name, value] of facts) list.append(h("dt", "", name), h("dd", "", value));
    const ways = h("div", "mg-answers",
      ...(tensor ? [button("mg-answer", say("change.back"), () => change(-1), say("change.back.short")), button("mg-answer", say("change.next"), () => change(1), say("change.next.short"))] : []),
      ...(inspected.kind === "node" ? [button("mg-answer", say("break"), () => toggleBreak(inspected), say("break.short"))] : []));
    const name = now.label || now.name;
    inspector.replaceChildren(
      h("div", "mg-inspect-head", h("span", "mg-mono", name), button("mg-close", say("close"), () => inspect(null), icon("close"))), list, ways);
    return `${name}. ${facts.map(([what, value, text = value]) => `${what}: ${text}.`).join(" ")}`;
  }
  /** @param {Slot} tensor */
  function gradText({ now }) {
    return now.grad === null ? "None" : signed(typeof now.grad === "string" ? now.grad : now.grad.text);
  }

  // -------------------------------------------------------------- playing, lines, phases, keys

  function start() {
    const left = () => (lead ? lead.left() : count - 1 - current);
    if (!left()) lead ? lead.first() : go(0);
    const tick = () => {
      if (!root.isConnected) return stop();
      const before = current;
      lead ? lead.next() : go(current + 1);
      if ((current !== before && breaksAt(current)) || !left()) stop();
      if (timer) timer = window.setTimeout(tick, PLAY_MS / SPEEDS[speed]);
    };
    timer = window.setTimeout(tick, PLAY_MS / SPEEDS[speed] / 2);
    face("pause", say("pause"));
  }
  function stop() {
    window.clearTimeout(timer);
    timer = 0;
    face("play", say("play"));
  }
  /** @param {keyof typeof ICONS} name @param {string} label */
  function face(name, label) {
    play.replaceChildren(icon(name));
    play.title = label;
    play.setAttribute("aria-label", label);
  }
  /** @param {number} n */
  function setSpeed(n) {
    speed = n;
    pace.textContent = `${SPEEDS[speed]}×`;
    pace.setAttribute("aria-label", say("pace.at", { speed: SPEEDS[speed] }));
  }
  /** The next step of a line after the one shown, and from the last back to the first.
   * @param {number} number */
  function goLine(number) {
    const all = stepsOfLine.get(number);
    go(all.find((/** @type {number} */ k) => k > current) ?? all[0]);
  }
  /** @param {number} direction @param {(k: number) => any} key a new value of it is where to stop */
  function leap(direction, key) {
    let k = current;
    if (direction > 0) {
      while (k < count - 1 && key(k) === key(current)) k++;
    } else {
      if (k > 0 && key(k - 1) !== key(k)) k--;
      while (k > 0 && key(k - 1) === key(k)) k--;
    }
    go(k);
  }
  /** Set or lift a breakpoint; playing and "c" stop there.
   * @param {any} place the number of a line, or a node's slot */
  function toggleBreak(place) {
    const on = !breaks.delete(place) && !!breaks.add(place);
    const element = typeof place === "number" ? lines[place - 1] : place.parts && place.parts.group;
    if (element) element.classList.toggle("mg-break", on);
    const where = typeof place === "number" ? say("a.line", { line: lineName(place) }) : place.now.label;
    live.textContent = say(on ? "break.on" : "break.off", { where });
  }
  /** Whether step `k` comes to a breakpoint: to a line from another, or to a node.
   * @param {number} k */
  function breaksAt(k) {
    const { line, active = [] } = steps[k];
    return (breaks.has(line) && (k === 0 || steps[k - 1].line !== line)) || active.some((id) => breaks.has(slots.get(id)));
  }
  function proceed() {
    let k = current + 1;
    while (k < count - 1 && !breaksAt(k)) k++;
    go(k);
  }
  /** The next or previous step that changes the tensor of the node that is inspected.
   * @param {1 | -1} direction */
  function change(direction) {
    const tensor = tensorOf(inspected);
    const id = tensor && tensor.item.id;
    const concerns = (/** @type {number} */ k) => changes[k].some((one) => one.slot.item.id === id && one.field !== "visible");
    let k = current + direction;
    while (k >= 0 && k < known && !concerns(k)) k += direction;
    if (id && k >= 0 && k < count) go(k);
    else live.textContent = say(id ? "change.none" : "change.click");
  }
  const partOf = (/** @type {number} */ k) => parts.findIndex((part) => k < part.end);
  const lineOf = (/** @type {number} */ k) => steps[k].line;

  function toggleKeys() {
    keys.hidden = !keys.hidden;
    if (!keys.hidden) keys.querySelector("button").focus();
    else (help.getClientRects().length ? help : root).focus();
  }
  function toggleLecture() {
    const on = !root.classList.contains("mg-large");
    root.classList.toggle("mg-large", on);
    lecture.setAttribute("aria-pressed", String(on));
    if (on && root.requestFullscreen) root.requestFullscreen().catch(() => undefined);
    else if (document.fullscreenElement === root) document.exitFullscreen();
    if (!on || !root.requestFullscreen) fit(entire);
  }
  root.addEventListener("fullscreenchange", () => {
    if (document.fullscreenElement !== root && root.classList.contains("mg-large")) toggleLecture();
    fit(entire);
  });

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for us */
  function key(event) {
    const target = /** @type {any} */ (event.target);
    if (target.matches && target.matches("input")) {
      if (event.key === "Escape") root.focus({ preventScroll: true });
      if (event.key === "Enter") target.dispatchEvent(new CustomEvent("mg-enter"));
      return event.key === "Enter" || event.key === "Escape";
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const pressed = target.closest && target.closest("button, .mg-node, .mg-frame-head");
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
      if (event.shiftKey) (panes.find((pane) => pane.contains(target)) || scroller).scrollBy(PAN * dx, PAN * dy);
      else if (scroller.contains(target)) walkGraph(dx, dy);
      else if (dx) go(current + dx);
      else if (target === track) go(current - dy);
      else if (target === panel) panel.scrollBy(0, PAN * dy);
      else if (code.contains(target) || tensors.contains(target)) walkRows(target, dy);
      else leap(dy, lineOf);
      return true;
    }
    const more = target === track ? -1 : 1; // a slider's Page Up is more, as its arrow up
    switch (event.key) {
      case "PageDown": leap(more, partOf); return true;
      case "PageUp": leap(-more, partOf); return true;
      case "Home": go(0); return true;
      case "End": go(count - 1); return true;
      case "?": toggleKeys(); return true;
      case "n": change(1); return true;
      case "N": change(-1); return true;
      case "c": proceed(); return true;
      case "b": {
        const own = lines.indexOf(target) + 1;
        const place = own ? stepsOfLine.has(own) && own : inspected && inspected.kind === "node" ? inspected : steps[current].line;
        if (place) toggleBreak(place);
        return true;
      }
      case "o": toggleActive(true); return true;
      case "O": toggleActive(false); return true;
      case "f": toggleLecture(); return true;
      case "+": zoom(1.25); return true;
      case "-": zoom(0.8); return true;
      case "0": fit(); return true;
      case "Escape":
        if (!keys.hidden) toggleKeys();
        else if (inspected) inspect(null);
        else if (panes.some((pane) => pane.contains(target))) root.focus({ preventScroll: true });
        else if (root.classList.contains("mg-large")) toggleLecture();
        return true;
      case "Enter":
      case " ":
        if (event.shiftKey) return true; // the notebook's "run": not from here, and not a press of the button
        if (pressed && !pressed.matches("button")) pressed.dispatchEvent(new MouseEvent("click"));
        else if (pressed) return false; // a button does what it does
        else if (event.key === " ") timer ? stop() : start();
        return true;
    }
    return false;
  }
  root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation(); // or the notebook would act on it
    if (key(event)) event.preventDefault();
  }, true);
  // Who clicks in a pane goes on stepping with the arrows; who comes with Tab walks in it.
  root.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const target = /** @type {any} */ (event.target);
    if (event.detail && !target.closest("input, .mg-bar, .mg-keys, .mg-quiz")) root.focus({ preventScroll: true });
  });

  // -------------------------------------------------------------- walking in the panes
  // Each is one stop of Tab. The focus goes on from it to one of what it holds, and the arrows take it further.

  const panes = [code, panel, scroller, tensors];
  const rowsOf = (/** @type {any} */ pane) => [...pane.querySelectorAll(pane === code ? ".mg-line:not(:disabled)" : ".mg-on .mg-pick")];
  /** @param {any} pane @param {() => any} enter */
  function oneStop(pane, enter) {
    pane.addEventListener("focusin", (/** @type {FocusEvent} */ event) => {
      if (event.target !== pane) pane.tabIndex = -1; // or Shift+Tab would end here, and be sent back
      else if (pane.matches(":focus-visible")) enter(); // no mouse has done it
    });
    pane.addEventListener("focusout", () => (pane.tabIndex = 0));
  }
  /** @param {any} row */
  function visitRow(row) {
    if (!row) return;
    row.focus({ preventScroll: true });
    const pane = code.contains(row) ? code : tensors;
    scrollInto(pane, row.closest(".mg-row") || row, pane === code ? 0 : HEADING);
  }
  /** @param {any} target @param {number} by */
  function walkRows(target, by) {
    const rows = rowsOf(code.contains(target) ? code : tensors);
    visitRow(rows[rows.indexOf(target) + by]);
  }
  oneStop(code, () => visitRow(shownLines[0] || rowsOf(code)[0]));
  oneStop(tensors, () => visitRow(rowsOf(tensors).find((row) => row.closest(".mg-picked")) || rowsOf(tensors).find((row) => row.closest(".mg-now")) || rowsOf(tensors)[0]));
  oneStop(scroller, () => visit(stops().find((slot) => slot === inspected) || lit.find((slot) => slot.at && slot.at.box) || stops()[0]));

  /** What one can walk to in the picture, from the top down and in a row from the left. */
  function stops() {
    return [...slots.values()].filter(({ at, now }) => at && at.box && now.visible)
      .sort((a, b) => centre(a)[1] - centre(b)[1] || centre(a)[0] - centre(b)[0]);
  }
  /** The middle of a box, or of the title of an open group. @param {Slot} slot */
  function centre({ at, item }) {
    const [x, y, w, hh] = at.box;
    return [x + w / 2, y + (opened.has(item.id) ? HEAD : hh) / 2];
  }
  /** To the side goes through all, one after the other; up and down to the nearest.
   * @param {number} dx @param {number} dy */
  function walkGraph(dx, dy) {
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

  setSpeed(0);
  const kept = keeper && keeper.read();
  if (kept && kept.opened) {
    opened.clear();
    for (const id of kept.opened) if (slots.has(id)) opened.add(id);
  }
  arrange();
  el.replaceChildren(root);
  for (const slot of slots.values()) show(slot);
  nextChange.disabled = true;
  told.elements[2].hidden = inspector.hidden = keys.hidden = asking.hidden = true;
  if (kept) questions.slice(0, kept.answers.length).forEach((one, i) => answered.set(one, kept.answers[i]));
  look();
  if (count) go((kept && !linked ? kept.step : options.step || 1) - 1, true);
  else {
    told.elements[0].textContent = say("nothing");
    for (const control of bar.querySelectorAll("button")) control.disabled = true;
  }
  const watcher = typeof ResizeObserver === "undefined" ? null : new ResizeObserver((seen) => {
    if (!scroller.clientWidth) return;
    if (count && seen.some((one) => one.target === track)) reserve(); // it is as wide as all, and always as high
    if (!chosen) resize(natural());
    reveal(shownLines[0]);
  });
  if (watcher) for (const one of [track, scroller]) watcher.observe(one);

  return {
    root,
    /** @param {number} step counted from 1, as on the screen */
    go: (step) => go(step - 1, true),
    get step() {
      return current + 1;
    },
    get plays() {
      return timer !== 0;
    },
    key,
    destroy() {
      stop();
      cancelAnimationFrame(revealing);
      if (watcher) watcher.disconnect();
      root.remove();
    },
  };
}

// ---------------------------------------------------------------- two runs on one timeline

/**
 * Build two steppers side by side that step together. `pairs` says which step each shows at each place of the timeline.
 * @param {HTMLElement} el @param {{runs: Trace[], labels: string[], pairs: number[][]}} both @param {Options} [options]
 */
export function mountPair(el, both, options = {}) {
  const { mg } = /** @type {any} */ (el);
  const texts = options.texts || (mg && mg.texts);
  const say = speaker(texts);
  const { runs, labels, pairs } = both;
  const keeper = mg ? keeping(el, runs, options.step || 1) : null;
  let current = -1;
  const move = (/** @type {number} */ target) => {
    const k = Math.max(0, Math.min(pairs.length - 1, target));
    pairs[k].forEach((step, i) => {
      steppers[i].go(step + 1);
      steppers[i].root.classList.toggle("mg-waits", k > 0 && pairs[k - 1][i] === step);
    });
    current = k;
    slider.value = String(k + 1);
    slider.setAttribute("aria-valuetext", say("count", { step: k + 1, count: pairs.length }));
    counter.textContent = say("count", { step: k + 1, count: pairs.length });
    first.disabled = back.disabled = k === 0;
    next.disabled = last.disabled = k === pairs.length - 1;
    if (keeper) keeper.write({ step: k + 1, answers: [] });
  };
  const first = button("mg-first", say("first"), () => move(0), icon("first"));
  const back = button("mg-back", say("back"), () => move(current - 1), icon("back"));
  const next = button("mg-next", say("next"), () => move(current + 1), h("span", "", say("step")), icon("next"));
  const last = button("mg-last", say("last"), () => move(pairs.length - 1), icon("last"));
  const counter = h("span", "mg-count");
  const slider = make("", "input", { type: "range", class: "mg-slide", min: "1", max: String(pairs.length), step: "1", "aria-label": say("track") });
  slider.addEventListener("input", () => move(Number(slider.value) - 1));
  const bar = make("", "div", { class: "mg-bar", role: "toolbar", "aria-label": say("bar.both") }, first, back, next, last, counter, slider);
  const places = runs.map(() => h("div", "mg-side-of"));
  const sides = runs.map((_, i) => make("", "section", { class: "mg-side", "aria-label": labels[i] }, h("div", "mg-side-name", labels[i]), places[i]));
  const root = make("", "div", { class: "mg-root mg-pair", role: "group", tabindex: "0", "aria-label": say("two", { labels: labels.join(", ") }) },
    bar, h("div", "mg-sides", ...sides));
  root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {any} */ (event.target);
    const to = event.shiftKey || target.closest(".mg-scroll") ? undefined : { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: pairs.length - 1 }[event.key];
    if (target === slider || event.ctrlKey || event.metaKey || event.altKey) return event.stopPropagation();
    if (target.matches("input")) return;
    if (to !== undefined) move(to);
    else if (event.key === " " && !target.closest("button, .mg-node, .mg-frame-head")) (steppers.find((one) => one.plays) || steppers[0]).key(event);
    else if (target.closest(".mg-side") || !both_(event)) return;
    event.stopPropagation();
    event.preventDefault();
  }, true);
  /** A key pressed with neither side in focus: for the first that can do something with it, sizes for both.
   * @param {KeyboardEvent} event @returns {boolean} whether it was for us */
  function both_(event) {
    if (event.key === "f") return false; // a lecture is held on one side
    const before = current;
    let mine = false;
    for (const one of steppers) {
      mine = one.key(event) || mine;
      if (event.key === "?" || current !== before) break;
    }
    return mine;
  }
  root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.stopPropagation());
  el.replaceChildren(root);
  const steppers = runs.map((run, i) => mount(places[i], run, { texts, lead: {
    go: (k) => move(meeting(pairs, i, k, current)),
    next: () => move(current + 1),
    first: () => move(0),
    left: () => pairs.length - 1 - current,
  } }));
  const kept = keeper && keeper.read();
  move((kept ? kept.step : options.step || 1) - 1);
  return { root, go: (/** @type {number} */ step) => move(step - 1), destroy: () => steppers.forEach((one) => one.destroy()) };
}

/** The place of the common timeline nearest to `from` at which side `i` shows its step `k`.
 * @param {number[][]} pairs @param {number} i @param {number} k @param {number} from */
export function meeting(pairs, i, k, from) {
  let best = from;
  let off = Infinity;
  pairs.forEach((pair, at) => {
    if (pair[i] === k && Math.abs(at - from) < off) [best, off] = [at, Math.abs(at - from)];
  });
  return best;
}

// ---------------------------------------------------------------- small helpers

/** Where the reader was, for when the page is loaded again or the notebook is opened again: kept with the tab, by what
 * was recorded and where it is shown. A cell that is run again in an open notebook begins anew. Where nothing may be
 * stored, nothing is.
 * @param {any} el @param {Trace[]} traces @param {number} start */
function keeping(el, traces, start) {
  let hash = 2166136261;
  for (const text of [String(start), ...traces.flatMap((trace) => [...trace.source, ...trace.steps.map((step) => step.title)])]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  }
  const name = `mg-step-${(hash >>> 0).toString(36)}`;
  // Several views of one run are told apart by their cell (JupyterLab numbers those it has not drawn, too), and within
  // it by their order. Every output brings a program of its own, so the list of views is the window's.
  const view = { name, cell: el.closest(".jp-Cell"), book: el.closest(".jp-Notebook") || document.documentElement, number: 0, place: "", last: null, store };
  view.number = [...(view.cell || document).querySelectorAll(".mg-place")].indexOf(el);
  const shared = /** @type {any} */ (window);
  if (!shared.mgViews) {
    shared.mgViews = new Set();
    window.addEventListener("pagehide", () => shared.mgViews.forEach((/** @type {typeof view} */ one) => one.store())); // cells may have moved
  }
  /** @type {Set<typeof view>} */
  const views = shared.mgViews;
  const placeOf = (/** @type {typeof view} */ { cell, book, number }) =>
    `${cell ? cell.dataset.windowedListIndex ?? [...book.querySelectorAll(".jp-Cell")].indexOf(cell) : 0}.${number}`;
  const others = () => [...views].filter((one) => one.name === name && (one.book.isConnected || !views.delete(one)));
  const all = () => JSON.parse(sessionStorage.getItem(name) || "{}");
  function store() {
    try {
      const records = all();
      const shown = others();
      for (const one of shown) delete records[one.place];
      for (const one of shown) records[(one.place = placeOf(one))] = one.last;
      sessionStorage.setItem(name, JSON.stringify(records));
    } catch {
      // refused: a sandboxed frame, a full store
    }
  }
  return {
    /** @returns {{step: number, answers: boolean[], opened?: string[]} | null} */
    read() {
      view.place = placeOf(view);
      const again = others().filter((one) => one.cell === view.cell && one.number === view.number);
      for (const one of again) views.delete(one);
      views.add(view);
      try {
        const found = again.length ? null : all()[view.place];
        return found && found.step > 0 && Array.isArray(found.answers) ? found : null;
      } catch {
        return null; // refused, or not ours
      }
    },
    /** @param {{step: number, answers: boolean[], opened?: string[]}} where */
    write(where) {
      view.last = /** @type {any} */ (where);
      store();
    },
  };
}

/** @param {string} text */
function ended_(text) {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** How a trace's lines are called: by their number in their cell or file and, in a run that was resumed, their part.
 * @param {Trace} trace @param {Say} say @returns {(line: number) => string} */
export function nameLines(trace, say) {
  const parts = [[1, trace.first_line || 1], ...(trace.resumed || [])];
  return (line) => {
    const part = parts.filter(([begin]) => begin <= line).length;
    const [begin, number] = parts[part - 1];
    const name = String(number + line - begin);
    return parts.length > 1 ? say("line.of", { line: name, part }) : name;
  };
}

/** What stands on a node that failed: the error's type and the line.
 * @param {Step} step @param {(line: number) => string} lineName @param {Say} say */
export function failureText(step, lineName, say) {
  const type = (step.error || "").split(":")[0];
  return step.line ? `${type} · ${say("a.line", { line: lineName(step.line) })}` : type;
}

/** @param {string} kind */
function kindOf(kind) {
  return ["leaf", "operation", "output", "untracked"].includes(kind) ? kind : "operation";
}

/** A path that leaves room for an arrow head at its end (down) or at its start (up), and the head.
 * Paths leave and enter boxes vertically (viz/place.py sees to it).
 * @param {number[]} points @param {boolean} up */
export function ended(points, up) {
  const all = points.slice();
  const n = all.length;
  const [x, y] = up ? [all[0], all[1]] : [all[n - 2], all[n - 1]];
  const length = 9;
  if (up) all[1] += length - 1;
  else all[n - 1] -= length - 1;
  const d = up ? length : -length;
  return {
    line: `M${all[0]} ${all[1]}C${all.slice(2).join(" ")}`,
    tip: `M${x} ${y}L${x - 4.5} ${y + d}L${x + 4.5} ${y + d}Z`,
  };
}

/** About how many lines a step's account takes, to find the longest.
 * @param {Step} step */
function roomForText({ title, text, error = "", notes = [], formulas = [] }) {
  const lines = [title, text, error, ...notes].reduce((sum, part) => sum + Math.ceil(part.length / 56), 0);
  return lines + formulas.reduce((sum, formula) => sum + (tall(formula.math) ? 2.6 : 1.9), 0);
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

/** @param {any} part @returns {boolean} */
function tall(part) {
  return Array.isArray(part) && (part[0] === "mfrac" || part[0] === "mtable" || part.some(tall));
}

/** Give an element its text. The same text again would be laid out again, and is most of what a step would write.
 * @param {any} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Step[]} steps */
function sparkline(steps) {
  const most = Math.max(1, ...steps.map((step) => step.saved_bytes || 0));
  let d = "M0 20";
  steps.forEach((step, k) => {
    d += `L${k} ${(19 - (17 * (step.saved_bytes || 0)) / most).toFixed(1)}h1`;
  });
  return `${d}V20Z`;
}

/** @param {any} pane @param {any} item @param {number} head */
function scrollInto(pane, item, head) {
  if (pane.scrollHeight <= pane.clientHeight) return;
  const a = pane.getBoundingClientRect();
  const b = item.getBoundingClientRect();
  if (b.top < a.top + head) pane.scrollTop -= a.top + head - b.top + 8;
  else if (b.bottom > a.bottom) pane.scrollTop += Math.min(b.bottom - a.bottom + 8, b.top - a.top - head);
}

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @param {() => void} close @param {Say} say @param {boolean} folds */
function keyHelp(close, say, folds) {
  const list = h("dl", "");
  for (const [what, ...keys] of [["step", "→", "←"], ["line", "↓", "↑"], ["phase", "PgDn", "PgUp"], ["change", "n", "N"],
    ["break", "b", "c"], ["ends", "Home", "End"], ["play", say("key.space")], ["panes", "Tab"], ["graph", "← ↑ ↓ →"], ["rows", "↑", "↓"],
    ["track", "↑", "↓", "PgUp", "PgDn"], ["enter", "Enter"], ["pan", "Shift ← ↑ ↓ →"], ["size", "+", "−", "0"], ...(folds ? [["fold", "o", "O"]] : []),
    ["lecture", "f"], ["keys", "?"], ["close", "Esc"]]) {
    list.append(h("dt", "", ...keys.map((one) => h("kbd", "", one))), h("dd", "", say(`does.${what}`)));
  }
  list.append(h("dt", "", say("key.click")), h("dd", "", say("does.click")));
  return make("", "div", { class: "mg-keys", role: "dialog", "aria-label": say("keys") },
    h("div", "mg-inspect-head", h("b", "", say("keys")), button("mg-close", say("close"), close, icon("close"))), list);
}

/** The widget's side (anywidget): the step is shared with Python.
 * @param {{model: any, el: HTMLElement}} context */
function render({ model, el }) {
  const open = () =>
    mount(el, model.get("trace"), {
      texts: model.get("texts"),
      step: model.get("step"),
      onStep: (step) => {
        model.set("step", step);
        model.save_changes();
      },
    });
  let stepper = open();
  const onStep = () => stepper.go(model.get("step"));
  const onTrace = () => {
    stepper.destroy();
    stepper = open();
  };
  model.on("change:step", onStep);
  model.on("change:trace", onTrace);
  return () => {
    model.off("change:step", onStep);
    model.off("change:trace", onTrace);
    stepper.destroy();
  };
}

export default { render };
