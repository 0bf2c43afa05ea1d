// @ts-check
// The stepper: walks through a run in both directions, with no kernel and no network. Here its parts come together; what
// they share is the View, and a step touches only the elements it changes.

/** @import {Change, Slot, Step, Trace} from "./run.mjs" */
/** @import {Say} from "./words.mjs" */
import { drawCode } from "./code.mjs";
import { button, h, icon, make, scrollInto, write } from "./elements.mjs";
import { drawFoot } from "./foot.mjs";
import { drawInspector } from "./inspector.mjs";
import { keeping } from "./keeping.mjs";
import { drawHelp, keysOf } from "./keys.mjs";
import { HEADING, walkPanes } from "./panes.mjs";
import { drawPanel, spoken } from "./panel.mjs";
import { drawPicture, MANY } from "./picture.mjs";
import { makePlayer } from "./player.mjs";
import { drawQuiz } from "./quiz.mjs";
import { isOfGradients, load, walk } from "./run.mjs";
import { drawTensors, roomForRows } from "./tensors.mjs";
import { drawTimeline } from "./timeline.mjs";
import { nameLines, speaker } from "./words.mjs";

/** What the parts of a stepper share: the run, where it is (`current`, the index of the step), what the step has lit, what
 * is inspected, how many steps are `known` (a question hides what comes after it); and what any of them may ask for.
 * @typedef {{
 *   trace: Trace, steps: Step[], slots: Map<string, Slot>, changes: Change[][], say: Say, lineName: (line: number) => string,
 *   root: any, current: number, known: number, lit: Slot[], inspected: Slot | null,
 *   go: (target: number, quiet?: boolean) => void, mark: () => void, arrive: (slot: Slot) => void,
 *   inspect: (slot: Slot | null) => void, look: () => void, tell: (text: string, first?: boolean) => void, remember: () => void,
 * }} View */
/** @typedef {{step?: number, onStep?: (step: number) => void, texts?: Record<string, string>, lead?: Lead}} Options */
/** A timeline that several steppers share: who wants to go somewhere asks it (`go`: to this one's step `k`).
 * @typedef {{go: (k: number) => void, next: () => void, first: () => void, left: () => number}} Lead */

/** Build a stepper inside `el`.
 * @param {HTMLElement} el @param {Trace} trace @param {Options} [options]
 */
export function mount(el, trace, options = {}) {
  const { mg } = /** @type {any} */ (el); // what a notebook's output brings with it (viz/page.py)
  const say = speaker(options.texts || (mg && mg.texts));
  const lead = options.lead || null;
  // A page of its own keeps the step in its address (viz/page.py): there the answers alone are remembered.
  const linked = !!(mg && options.onStep);
  const keeper = mg ? keeping(el, [trace], linked ? 0 : options.step || 1) : null;
  const { steps } = trace;
  const count = steps.length;
  const root = make("", "div", {
    class: `mg-root${(trace.nodes || []).length > MANY ? " mg-big" : ""}`, role: "group", tabindex: "0",
    "aria-label": trace.title ? say("stepper.of", { title: trace.title }) : say("stepper"),
  });
  const live = make("", "div", { class: "mg-live", "aria-live": "polite" });
  /** @type {View} */
  const view = {
    trace, steps, ...load(trace), say, lineName: nameLines(trace, say), root, current: -1, known: count, lit: [], inspected: null,
    go, mark, arrive, look, remember,
    inspect: (slot) => inspector.inspect(slot),
    tell: (text, first = false) => (live.textContent = first ? `${text} ${live.textContent}` : text),
  };
  const { slots } = view;

  const timeline = drawTimeline(view);
  const player = makePlayer(view, lead, (line) => code.lines[line - 1]);
  const code = drawCode(view, player.toggleBreak);
  const picture = drawPicture(view);
  const tensors = drawTensors(view);
  const inspector = drawInspector(view, picture, player);
  const quiz = drawQuiz(view);
  const panel = drawPanel(view, quiz);
  const foot = drawFoot(view);
  const help = drawHelp(view);
  const panes = walkPanes(view, { code, panel, picture, tensors });
  const lecture = drawLecture();
  const lineOf = (/** @type {number} */ k) => steps[k].line;
  const key = keysOf(view, { code, timeline, picture, inspector, player, panes, help, lecture, leap, lineOf });

  const first = button("mg-first", say("first"), () => go(0), icon("first"));
  const back = button("mg-back", say("back"), () => go(view.current - 1), icon("back"));
  const next = button("mg-next", say("next"), () => go(view.current + 1), h("span", "", say("step")), icon("next"));
  const last = button("mg-last", say("last"), () => go(count - 1), icon("last"));
  const pill = h("span", "mg-pill");
  const counter = h("span", "mg-count");
  // As wide as the longest of their texts: or the bar would break in some steps, and not in others.
  pill.dataset.widest = timeline.phases.map((phase) => say(`phase.${phase}`)).reduce((a, b) => (b.length > a.length ? b : a), "");
  counter.dataset.widest = say("count", { step: count, count });
  const leaps = make("", "span", { class: "mg-leaps", role: "group", "aria-label": say("leap") }, h("span", "", say("leap")),
    button("mg-leap", say("leap.line.label"), () => leap(1, lineOf), say("leap.line")),
    button("mg-leap", say("leap.phase.label"), () => leap(1, timeline.partOf), say("leap.phase")), inspector.nextChange);
  const bar = make("", "div", { class: "mg-bar", role: "group", "aria-label": say("bar") },
    first, back, player.control, next, last, player.pace, pill, counter, quiz.score, h("span", "mg-tools", leaps, help.control, lecture.control));
  const body = h("div", "mg-body", code.pane, panel.pane, picture.element, tensors.pane);
  body.style.setProperty("--mg-table", `${roomForRows(trace).toFixed(1)}em`);
  // A page of its own has the title above it, and a side of two runs its label.
  if (trace.title && !linked && !lead) root.append(h("div", "mg-name", trace.title));
  root.append(bar, timeline.element, ...(trace.notes || []).map((text) => h("div", "mg-note", text)), body, foot.element, live, help.element);

  // -------------------------------------------------------------- going to a step

  /** @param {number} target @param {boolean} [quiet] when the answer comes from outside and must not be sent back */
  function go(target, quiet = false) {
    const k = Math.max(0, Math.min(view.known - 1, target));
    if (target >= view.known) player.stop();
    if (!count || k === view.current) return;
    if (lead && !quiet) return lead.go(k);
    quiz.leave();
    const focused = root.contains(document.activeElement);
    for (const slot of walk(view.changes, view.current, k)) show(slot);
    view.current = k;
    mark();
    describe(steps[k]);
    if (!lead && k === count - 1) player.stop();
    if (focused) keepFocus();
    remember();
    if (!quiet && options.onStep) options.onStep(k + 1);
  }

  /** @param {number} direction @param {(k: number) => any} of a new value of it is where to stop */
  function leap(direction, of) {
    let k = view.current;
    if (direction > 0) {
      while (k < count - 1 && of(k) === of(view.current)) k++;
    } else {
      if (k > 0 && of(k - 1) !== of(k)) k--;
      while (k > 0 && of(k - 1) === of(k)) k--;
    }
    go(k);
  }

  /** Where what had the focus is gone, the stepper has it: the keys are not the notebook's. */
  function keepFocus() {
    const holder = /** @type {any} */ (document.activeElement);
    if (!root.contains(holder) || holder.disabled || (body.contains(holder) && !holder.getClientRects().length)) root.focus({ preventScroll: true });
  }

  function remember() {
    if (keeper) keeper.write({ step: view.current + 1, answers: quiz.answers(), opened: [...picture.opened] });
  }

  // -------------------------------------------------------------- showing it

  /** @param {Slot} slot */
  function show(slot) {
    if (slot.kind !== "tensor") return picture.show(slot);
    tensors.show(slot);
    for (const node of picture.nodesOf(slot)) picture.call(node);
  }

  /** What has just been drawn shows the state it is in.
   * @param {Slot} slot */
  function arrive(slot) {
    show(slot);
    if (view.lit.includes(slot)) light(slot, true);
    if (slot.parts.box) {
      inspector.mark(slot);
      slot.parts.group.classList.toggle("mg-break", player.breaks.has(slot));
    }
  }

  /** Light up what the step is about. */
  function mark() {
    const step = steps[view.current];
    for (const slot of view.lit) light(slot, false);
    const about = (step.active || []).map((id) => slots.get(id)).filter((slot) => slot && slot.kind === "tensor");
    const changed = view.changes[view.current].map(({ slot }) => slot).filter(({ kind }) => kind === "tensor");
    view.lit = [...new Set([...picture.active(step), .../** @type {Slot[]} */ (about), ...changed])];
    tensors.choose();
    for (const slot of view.lit) light(slot, true);
    tensors.mark();
  }

  /** @param {Slot} slot @param {boolean} on */
  function light(slot, on) {
    const { parts, at } = slot;
    if (!parts) return;
    parts.group.classList.toggle("mg-now", on);
    if (!at || !at.points) return;
    picture.turn(slot, on && isOfGradients(steps[view.current]));
    if (parts.label) parts.label.classList.toggle("mg-now", on);
  }

  /** @param {Step} step */
  function describe(step) {
    const phase = timeline.phases[view.current];
    root.dataset.phase = phase;
    write(pill, say(`phase.${phase}`));
    counter.textContent = say("count", { step: view.current + 1, count: view.known < count ? "?" : count });
    first.disabled = back.disabled = view.current === 0;
    next.disabled = last.disabled = view.current === view.known - 1;
    for (const part of [timeline, code, panel, foot]) part.show(step);
    quiz.show();
    inspector.show();
    view.tell(spoken(view, step));
    reveal();
  }

  /** Show of the whole run what is known: up to the first question that has no answer yet. */
  function look() {
    const question = quiz.open();
    view.known = question ? question.step : count;
    root.classList.toggle("mg-asks", view.known < count);
    for (const part of [timeline, code, quiz]) part.look();
    foot.look(timeline.span());
  }

  // Bring the line, the rows and the nodes of this step into view, each in its own pane, never the page.
  let revealing = 0;
  function reveal() {
    cancelAnimationFrame(revealing);
    revealing = requestAnimationFrame(() => {
      if (code.current) scrollInto(code.pane, code.current, 0);
      panel.pane.scrollTop = 0;
      if (!quiz.element.hidden) scrollInto(panel.pane, quiz.element, 0);
      const row = view.lit.find((slot) => slot.kind === "tensor" && slot.now.visible);
      if (row && row.parts) scrollInto(tensors.pane, row.parts.group, HEADING);
      picture.follow();
    });
  }

  // -------------------------------------------------------------- a lecture, keys, focus

  /** Large type, over the whole screen. */
  function drawLecture() {
    const control = button("mg-lecture", say("lecture"), () => toggle(), icon("wide"));
    const large = () => root.classList.contains("mg-large");
    function toggle() {
      const on = root.classList.toggle("mg-large");
      control.setAttribute("aria-pressed", String(on));
      if (on && root.requestFullscreen) root.requestFullscreen().catch(() => undefined);
      else if (document.fullscreenElement === root) document.exitFullscreen();
      if (!on || !root.requestFullscreen) picture.again();
    }
    root.addEventListener("fullscreenchange", () => {
      if (document.fullscreenElement !== root && large()) toggle();
      picture.again();
    });
    return {
      control, toggle,
      get on() {
        return large();
      },
    };
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

  // -------------------------------------------------------------- beginning

  const kept = keeper && keeper.read();
  if (kept && kept.opened) {
    picture.opened.clear();
    for (const id of kept.opened) if (slots.has(id)) picture.opened.add(id);
  }
  picture.arrange();
  el.replaceChildren(root);
  for (const slot of slots.values()) show(slot);
  if (kept) quiz.restore(kept.answers);
  look();
  if (count) go((kept && !linked ? kept.step : options.step || 1) - 1, true);
  else {
    panel.empty();
    for (const control of bar.querySelectorAll("button")) control.disabled = true;
  }
  const watcher = typeof ResizeObserver === "undefined" ? null : new ResizeObserver((seen) => {
    if (!picture.pane.clientWidth) return;
    if (count && seen.some(({ target }) => target === timeline.track)) panel.reserve(body); // it is as wide as all, and always as high
    picture.refit();
    reveal();
  });
  if (watcher) for (const one of [timeline.track, picture.pane]) watcher.observe(one);

  return {
    root, key,
    /** @param {number} step counted from 1, as on the screen */
    go: (step) => go(step - 1, true),
    get step() {
      return view.current + 1;
    },
    get plays() {
      return player.plays;
    },
    destroy() {
      player.stop();
      cancelAnimationFrame(revealing);
      if (watcher) watcher.disconnect();
      root.remove();
    },
  };
}
