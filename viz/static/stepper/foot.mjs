// @ts-check
// Under the picture: what its signs mean, and the memory that saved tensors hold.

/** @import {Step} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { h, s, write } from "./elements.mjs";
import { bytesText } from "./words.mjs";

/** @param {View} view */
export function drawFoot(view) {
  const { trace, steps, slots, changes, say } = view;
  const legend = h("div", "mg-legend");
  const memory = h("span", "mg-bytes");
  const curve = s("path", {});
  const dot = s("line", { class: "mg-spark-now", y1: "0", y2: "20" });
  const spark = s("svg", { class: "mg-spark", preserveAspectRatio: "none", "aria-hidden": "true" }, curve, dot);
  return {
    element: h("div", "mg-foot", legend, ...(steps.some((step) => step.saved_bytes) ? [memory, spark] : [])),
    /** Explain and draw what is known. @param {number} span how many steps the width stands for */
    look(span) {
      legend.replaceChildren(...signs().map((kind) => h("span", "mg-key", h("i", `mg-key-${kind}`), say(`key.${kind}`))));
      spark.setAttribute("viewBox", `0 0 ${span} 20`);
      curve.setAttribute("d", sparkline(steps.slice(0, view.known)));
    },
    /** @param {Step} step */
    show(step) {
      write(memory, say("memory", { size: bytesText(step.saved_bytes || 0) }));
      dot.setAttribute("x1", String(view.current + 0.5));
      dot.setAttribute("x2", String(view.current + 0.5));
    },
  };

  /** The signs there are to explain, in the steps that are known. */
  function signs() {
    const seen = changes.slice(0, view.known).flat();
    const there = new Set([...slots.values()].filter((slot) => slot.now.visible));
    for (const { slot, field, after } of seen) if (field === "visible" && after) there.add(slot);
    const nodes = [...there].filter(({ kind }) => kind === "node").map(({ item }) => item);
    const saves = nodes.some((node) => (node.chips || []).length);
    /** @type {Record<string, boolean>} */
    const occurs = { group: !!(trace.groups || []).length, held: saves, gone: saves, stale: seen.some(({ field, after }) => field === "stale" && after) };
    for (const { kind } of nodes) occurs[kind] = true;
    return ["leaf", "operation", "output", "untracked", "group", "held", "gone", "stale"].filter((kind) => occurs[kind]);
  }
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
