// @ts-check
// The keys: what each does, and the list of them. None reaches the notebook.

/** @import {View} from "./stepper.mjs" */
/** @import {Say} from "./words.mjs" */
import { button, h, icon, make } from "./elements.mjs";

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** @param {View} view @param {Record<string, any>} parts
 * @returns {(event: KeyboardEvent) => boolean} what to do with a key; whether it was for us */
export function keysOf(view, { code, timeline, picture, inspector, player, panes, help, lecture, leap, lineOf }) {
  const { root, steps } = view;
  return (event) => {
    const target = /** @type {any} */ (event.target);
    if (target.matches && target.matches("input")) {
      if (event.key === "Escape") root.focus({ preventScroll: true });
      if (event.key === "Enter") target.dispatchEvent(new CustomEvent("mg-enter"));
      return event.key === "Enter" || event.key === "Escape";
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const onTrack = target === timeline.track;
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
      if (panes.walk(target, dx, dy, event.shiftKey)) return true;
      if (dx || onTrack) view.go(view.current + (dx || -dy));
      else leap(dy, lineOf);
      return true;
    }
    const more = onTrack ? -1 : 1; // a slider's Page Up is more, as its arrow up
    switch (event.key) {
      case "PageDown": leap(more, timeline.partOf); return true;
      case "PageUp": leap(-more, timeline.partOf); return true;
      case "Home": view.go(0); return true;
      case "End": view.go(steps.length - 1); return true;
      case "?": help.toggle(); return true;
      case "n": inspector.change(1); return true;
      case "N": inspector.change(-1); return true;
      case "c": player.proceed(); return true;
      case "b": {
        const { inspected } = view;
        const place = code.lines.includes(target) ? code.numberOf(target) : inspected && inspected.kind === "node" ? inspected : steps[view.current].line;
        if (place) player.toggleBreak(place);
        return true;
      }
      case "o": picture.toggleActive(true); return true;
      case "O": picture.toggleActive(false); return true;
      case "f": lecture.toggle(); return true;
      case "+": picture.zoom(1.25); return true;
      case "-": picture.zoom(0.8); return true;
      case "0": picture.fit(); return true;
      case "Escape":
        if (help.open) help.toggle();
        else if (view.inspected) view.inspect(null);
        else if (panes.hold(target)) root.focus({ preventScroll: true });
        else if (lecture.on) lecture.toggle();
        return true;
      case "Enter":
      case " ": {
        if (event.shiftKey) return true; // the notebook's "run": not from here, and not a press of the button
        const pressed = target.closest && target.closest("button, .mg-node, .mg-frame-head");
        if (pressed && pressed.matches("button")) return false; // a button does what it does
        if (pressed) pressed.dispatchEvent(new MouseEvent("click"));
        else if (event.key === " ") player.toggle();
        return true;
      }
    }
    return false;
  };
}

/** The list of keys, and the button that opens it.
 * @param {View} view */
export function drawHelp({ root, say, trace }) {
  const control = button("mg-ask", say("keys.open"), () => toggle(), icon("help"));
  const element = keyList(() => toggle(), say, (trace.groups || []).length > 0);
  element.hidden = true;
  function toggle() {
    element.hidden = !element.hidden;
    if (!element.hidden) element.querySelector("button").focus();
    else (control.getClientRects().length ? control : root).focus();
  }
  return {
    control, element, toggle,
    get open() {
      return !element.hidden;
    },
  };
}

/** @param {() => void} close @param {Say} say @param {boolean} folds */
function keyList(close, say, folds) {
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
