// @ts-check
// This step: what happened, in a sentence, and the formulas; an error with its message.

/** @import {Question, Step} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { h, icon, make, write } from "./elements.mjs";
import { drawFormula, tall } from "./values.mjs";
import { sentenceOf } from "./words.mjs";

const LONGEST = 8; // so many steps are laid out to see how high the longest is

/** @param {View} view @param {{element: any, ask: (question: Question, place: any) => void}} quiz */
export function drawPanel(view, quiz) {
  const { trace, steps, say } = view;
  const account = drawAccount(view);
  const pane = make("", "div", { class: "mg-step", role: "group", tabindex: "0", "aria-label": say("this") },
    ...account.elements, quiz.element);

  /** The height that the longest step takes at this width, or a question: kept, stepping moves nothing under the reader.
   * Where it is too much, the panel scrolls.
   * @param {any} body where the panel stands */
  function reserve(body) {
    const asking = h("div", "mg-quiz");
    const { elements, show } = drawAccount(view);
    const probe = h("div", "mg-step mg-probe", ...elements, asking);
    body.append(probe);
    let most = 0;
    /** @param {number} k @param {Question} [question] */
    const measure = (k, question) => {
      show(steps[k]);
      asking.hidden = !question;
      if (question) quiz.ask(question, asking);
      most = Math.max(most, probe.offsetHeight);
    };
    const long = steps.map((step, k) => [linesOf(step), k]).sort((a, b) => b[0] - a[0]);
    for (const [, k] of long.slice(0, LONGEST)) measure(k);
    for (const question of trace.questions || []) measure(question.step - 1, question);
    probe.remove();
    body.style.setProperty("--mg-text", `${most}px`);
  }

  return { pane, reserve, show: account.show, empty: account.empty };
}

/** A step's title, sentence, error and formulas.
 * @param {View} view */
function drawAccount({ say, lineName }) {
  const [title, sentence, failure, formulas] = [h("div", "mg-title"), h("p", "mg-text"), h("div", "mg-error"), h("div", "mg-formulas")];
  failure.hidden = true;
  return {
    elements: [title, sentence, failure, formulas],
    /** @param {Step} step */
    show(step) {
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
    },
    /** There is no step. */
    empty() {
      title.textContent = say("nothing");
    },
  };
}

/** What is heard of a step.
 * @param {View} view @param {Step} step */
export function spoken({ say, current }, step) {
  return [say("live.step", { step: current + 1 }), sentenceOf(step.title), step.error || step.text,
    ...(step.formulas || []).map((formula) => sentenceOf(formula.text))].join(" ");
}

/** About how many lines a step's account takes, to find the longest.
 * @param {Step} step */
function linesOf({ title, text, error = "", notes = [], formulas = [] }) {
  const lines = [title, text, error, ...notes].reduce((sum, part) => sum + Math.ceil(part.length / 56), 0);
  return lines + formulas.reduce((sum, formula) => sum + (tall(formula.math) ? 2.6 : 1.9), 0);
}
