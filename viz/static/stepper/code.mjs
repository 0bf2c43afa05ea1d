// @ts-check
// The learner's program, with the lines of the step.

/** @import {Step} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { h, make } from "./elements.mjs";
import { paint } from "./values.mjs";

/** @param {View} view @param {(line: number) => void} toggleBreak */
export function drawCode(view, toggleBreak) {
  const { trace, steps, say } = view;
  const resumed = new Map(/** @type {[number, number][]} */ (trace.resumed || []));
  /** @type {Map<number, number[]>} */
  const stepsOf = new Map(); // of each line
  steps.forEach(({ line }, k) => line && stepsOf.set(line, [...(stepsOf.get(line) || []), k]));
  const pane = make("", "div", { class: "mg-code", role: "group", tabindex: "0", "aria-label": say("code") });
  /** @type {any[]} */
  const lines = [];
  /** @type {any[]} */
  let shown = []; // those of the step

  let printed = (trace.first_line || 1) - 1; // lines are counted from 1, and shown with the numbers of their cell or file
  let part = 1;
  trace.source.forEach((text, i) => {
    const number = i + 1;
    printed = resumed.get(number) ?? printed + 1;
    if (resumed.has(number)) pane.append(h("div", "mg-resumed", say("resumed", { part: ++part })));
    const inside = [h("span", "mg-no", String(printed)), h("span", "mg-text-of", ...paint(text))];
    if (stepsOf.has(number)) {
      const line = make("", "button", { type: "button", class: "mg-line", tabindex: "-1" }, ...inside);
      line.addEventListener("click", () => goTo(number));
      inside[0].addEventListener("click", (/** @type {Event} */ event) => {
        event.stopPropagation();
        toggleBreak(number);
      });
      lines.push(line);
    } else lines.push(make("", "div", { class: "mg-line", tabindex: "-1" }, ...inside));
    pane.append(lines[i]);
  });

  /** The next step of a line after the one shown, and from the last back to the first.
   * @param {number} number */
  function goTo(number) {
    const all = stepsOf.get(number) || [];
    view.go(all.find((k) => k > view.current) ?? all[0]);
  }

  /** A line leads to its steps, as far as they are known. */
  function look() {
    for (const [number, all] of stepsOf) {
      const line = lines[number - 1];
      line.disabled = all[0] >= view.known;
      line.title = line.disabled ? "" : say("line.go");
      line.firstChild.title = line.disabled ? "" : say("break.set");
    }
  }

  /** @param {Step} step */
  function show(step) {
    for (const old of shown) {
      old.classList.remove("mg-now", "mg-from", "mg-by");
      old.removeAttribute("aria-current");
      delete old.dataset.mark;
    }
    const line = step.line ? lines[step.line - 1] : null;
    const origin = step.origin && step.origin !== step.line ? lines[step.origin - 1] : null;
    const by = step.changed ? lines[step.changed - 1] : null;
    shown = [line, origin, by].filter(Boolean);
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
  }

  return {
    pane, lines, look, show,
    /** The line of the step, or one it is about. */
    get current() {
      return shown[0] || null;
    },
    /** The number of the line that is this element, if it has steps. @param {any} element */
    numberOf: (element) => (stepsOf.has(lines.indexOf(element) + 1) ? lines.indexOf(element) + 1 : 0),
  };
}
