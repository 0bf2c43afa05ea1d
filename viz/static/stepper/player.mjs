// @ts-check
// Playing, and the breakpoints where it stops.

/** @import {Slot} from "./run.mjs" */
/** @import {Lead, View} from "./stepper.mjs" */
import { button, icon } from "./elements.mjs";

const SPEEDS = [1, 2, 4, 0.5];
const PLAY_MS = 1400;

/** @param {View} view @param {Lead | null} lead @param {(line: number) => any} lineOf the element of a line */
export function makePlayer(view, lead, lineOf) {
  const { steps, slots, say } = view;
  const last = steps.length - 1;
  const control = button("mg-play", say("play"), () => toggle(), icon("play"));
  const pace = button("mg-pace", say("pace"), () => setSpeed((speed + 1) % SPEEDS.length));
  /** @type {Set<any>} */
  const breaks = new Set(); // numbers of lines, and slots of nodes
  let speed = 0;
  let timer = 0;
  setSpeed(0);

  const left = () => (lead ? lead.left() : last - view.current);

  function toggle() {
    if (timer) return stop();
    if (!left()) lead ? lead.first() : view.go(0);
    timer = window.setTimeout(tick, PLAY_MS / SPEEDS[speed] / 2);
    face("pause");
  }
  function tick() {
    if (!view.root.isConnected) return stop();
    const before = view.current;
    lead ? lead.next() : view.go(view.current + 1);
    if ((view.current !== before && breaksAt(view.current)) || !left()) stop();
    if (timer) timer = window.setTimeout(tick, PLAY_MS / SPEEDS[speed]);
  }
  function stop() {
    if (!timer) return;
    window.clearTimeout(timer);
    timer = 0;
    face("play");
  }
  /** @param {"play" | "pause"} name */
  function face(name) {
    control.replaceChildren(icon(name));
    control.title = say(name);
    control.setAttribute("aria-label", say(name));
  }
  /** @param {number} n */
  function setSpeed(n) {
    speed = n;
    pace.textContent = `${SPEEDS[speed]}×`;
    pace.setAttribute("aria-label", say("pace.at", { speed: SPEEDS[speed] }));
  }

  /** Set or lift a breakpoint.
   * @param {number | Slot} place the number of a line, or a node */
  function toggleBreak(place) {
    const on = !breaks.delete(place) && !!breaks.add(place);
    const element = typeof place === "number" ? lineOf(place) : place.parts && place.parts.group;
    if (element) element.classList.toggle("mg-break", on);
    const where = typeof place === "number" ? say("a.line", { line: view.lineName(place) }) : place.now.label;
    view.tell(say(on ? "break.on" : "break.off", { where }));
  }
  /** Whether a step comes to a breakpoint: to a line from another, or to a node.
   * @param {number} k */
  function breaksAt(k) {
    const { line, active = [] } = steps[k];
    return (breaks.has(line) && (k === 0 || steps[k - 1].line !== line)) || active.some((id) => breaks.has(slots.get(id)));
  }
  /** Go on to the next breakpoint, or to the end. */
  function proceed() {
    let k = view.current + 1;
    while (k < last && !breaksAt(k)) k++;
    view.go(k);
  }

  return {
    control, pace, breaks, toggle, stop, toggleBreak, proceed,
    get plays() {
      return timer !== 0;
    },
  };
}
