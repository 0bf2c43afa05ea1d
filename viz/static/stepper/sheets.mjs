// @ts-check
// Where things stand in the picture, for the groups that are open.

/** @import {Slot, Trace} from "./run.mjs" */

export const HEAD = 24; // the title of an open group, and the room around what it holds
const AROUND = 12;

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

/** A path that leaves room for an arrow head at its end (down) or at its start (up), and the head.
 * Paths leave and enter boxes vertically (viz/place.py sees to it).
 * @param {number[]} points @param {boolean} up */
export function arrow(points, up) {
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
