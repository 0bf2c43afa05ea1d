// @ts-check
// A run as data: the cast of a Trace (viz/trace.py), and what each step changes of it.
//
// The picture at step k is the cast with the changes of steps 0 to k applied. What a change undoes is worked out once, on
// loading, so back costs as much as forward.

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
/** One thing of the cast: what it is now (`now`), the elements that show it (`parts`), where it stands in the picture (`at`).
 * @typedef {{kind: "tensor" | "chip" | "node" | "edge" | "group" | "link", item: any, now: any, parts: any, at?: any, row?: number}} Slot */
/** @typedef {{slot: Slot, field: string, before: any, after: any}} Change */

export const VERSION = 2;

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
export function phasesOf(steps) {
  const phases = steps.map((step) => step.phase);
  for (let k = steps.length - 1; k >= 0; k--) {
    const ends = k + 1 === steps.length || phases[k + 1] !== "backward" || steps[k + 1].kind === "backward";
    if (steps[k].kind === "free" && phases[k] === "backward" && ends) phases[k] = "freed";
  }
  return phases;
}

/** Whether it is gradients that travel in a step. A backward pass may run operations as well: those of a graph of its
 * own (create_graph), of a hook, of what a checkpoint computes again.
 * @param {Step} step */
export function isOfGradients({ phase, kind }) {
  return phase === "backward" && !["leaf", "operation", "view", "untracked", "inplace"].includes(kind);
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

/** The tensor that a thing of the cast stands for.
 * @param {Map<string, Slot>} slots @param {Slot | null} slot @returns {Slot | null} */
export function tensorOf(slots, slot) {
  return slot && slot.kind !== "tensor" ? slots.get(slot.item.tensor) || null : slot;
}
