// @ts-check
// Two runs side by side on one timeline.

/** @import {Trace} from "./run.mjs" */
/** @import {Options} from "./stepper.mjs" */
import { button, h, icon, make } from "./elements.mjs";
import { keeping } from "./keeping.mjs";
import { mount } from "./stepper.mjs";
import { speaker } from "./words.mjs";

/** Build two steppers side by side that step together. `pairs` says which step each shows at each place of the timeline.
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
  const bar = make("", "div", { class: "mg-bar", role: "group", "aria-label": say("bar.both") }, first, back, next, last, counter, slider);
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
