// @ts-check
// The timeline: the steps in their phases, with a knob to drag. What lies beyond a question that has no answer yet is not
// on it, nor how much it is.

/** @import {Step} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { h, make } from "./elements.mjs";
import { phasesOf, segments } from "./run.mjs";

const KNOWN = 0.85; // the share of the timeline that what is known takes, where a question hides the rest

/** @param {View} view */
export function drawTimeline(view) {
  const { steps, say } = view;
  const phases = phasesOf(steps);
  let parts = segments(steps);
  const bits = h("div", "mg-parts");
  const veil = h("span", "mg-veil", "?");
  const knob = h("span", "mg-knob");
  const track = make("", "div", { class: "mg-track", role: "slider", tabindex: "0", "aria-label": say("track"), "aria-valuemin": "1" }, bits, veil, knob);
  const hides = () => view.known < steps.length;
  const span = () => (hides() ? view.known / KNOWN : steps.length);
  const share = (/** @type {number} */ k) => `${(100 * k) / span()}%`;

  /** @param {{phase: string, number: number, start: number, end: number}} part */
  function drawPart({ phase, number, start, end }) {
    const name = say(number ? "phase.number" : `phase.${phase}`, { phase: say(`phase.${phase}`), number });
    const bar = h("span", "mg-part-bar");
    for (let k = start + 1; steps.length <= 80 && k < end; k++) {
      const notch = h("i", "");
      notch.style.left = `${(100 * (k - start)) / (end - start)}%`;
      bar.append(notch);
    }
    // A name that does not fit goes to a second line, which is not seen.
    const part = make("", "div", { class: `mg-part mg-p-${phase}`, title: say("part", { name, first: start + 1, last: end }) },
      bar, h("span", "mg-part-name", h("span", "", name)));
    part.style.left = share(start);
    part.style.width = share(end - start);
    return part;
  }

  const at = (/** @type {PointerEvent} */ event) => {
    const box = track.getBoundingClientRect();
    view.go(Math.floor(((event.clientX - box.left) / box.width) * span()));
  };
  track.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    track.setPointerCapture(event.pointerId);
    at(event);
  });
  track.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (track.hasPointerCapture(event.pointerId)) at(event);
  });

  return {
    element: h("div", "mg-time", track), track, phases, span,
    /** The stretch that a step is in. @param {number} k */
    partOf: (k) => parts.findIndex((part) => k < part.end),
    /** Draw what is known. */
    look() {
      parts = segments(steps.slice(0, view.known));
      track.classList.toggle("mg-fine", parts.length > 40);
      track.setAttribute("aria-valuemax", String(view.known));
      bits.replaceChildren(...parts.map(drawPart));
      veil.hidden = !hides();
      veil.style.left = share(view.known);
    },
    /** @param {Step} step */
    show(step) {
      const phase = say(`phase.${phases[view.current]}`);
      track.setAttribute("aria-valuenow", String(view.current + 1));
      track.setAttribute("aria-valuetext", say("track.at", { step: view.current + 1, count: hides() ? "?" : steps.length, phase, title: step.title }));
      knob.style.left = share(view.current + 0.5);
    },
  };
}
