// @ts-check
// Predicting: what lies beyond a question that has no answer yet is hidden; the question stands in the step before.

/** @import {Question} from "./run.mjs" */
/** @import {View} from "./stepper.mjs" */
import { button, h, make } from "./elements.mjs";
import { agrees, readAnswer } from "./words.mjs";

/** @param {View} view */
export function drawQuiz(view) {
  const { root, say } = view;
  const questions = view.trace.questions || [];
  /** @type {Map<Question, boolean>} */
  const answered = new Map(); // whether the first answer was right
  let verdict = ""; // what the last answer was worth; it stands beside the step it was about
  const element = make("", "div", { class: "mg-quiz", role: "group", "aria-label": say("predict") });
  const score = h("span", "mg-score");
  element.hidden = true;

  const open = () => questions.find((one) => !answered.has(one)) || null;

  /** Keep score. */
  function look() {
    score.textContent = questions.length ? say("score", { right: [...answered.values()].filter(Boolean).length, count: questions.length }) : "";
  }

  /** Ask in the step before what is asked about, or say what the last answer was worth. */
  function show() {
    const question = open();
    if (question && view.current === question.step - 1) return ask(question);
    element.hidden = !verdict;
    element.replaceChildren(verdict);
  }

  /** @param {Question} question @param {any} [place] */
  function ask(question, place = element) {
    const reply = h("p", "mg-reply");
    const wanted = [question.answer, ...(question.traps || []).map((trap) => trap.answer)].map(readAnswer).find(Array.isArray);
    const size = wanted ? wanted.length : 1; // of a gradient that stays None, too
    let tries = 0;
    /** @param {string} given */
    const check = (given) => {
      if (!given.trim()) return;
      const right = agrees(given, question.answer);
      if (right || question.choices) return settle(question, right && !tries, say(right ? "answer.right" : "answer.no", { answer: question.answer }));
      const trap = (question.traps || []).find((one) => agrees(given, one.answer));
      const read = readAnswer(given);
      const length = Array.isArray(read) ? read.length : read ? size : 0;
      if (trap || length === size) tries++; // what cannot be read, or has another size, is no try
      reply.textContent = trap ? trap.text : read === null ? say("answer.number")
        : length !== size ? say(size === 1 ? "answer.size.one" : "answer.size", { count: size }) : say("answer.again");
      view.tell(reply.textContent);
    };
    const controls = [];
    if (question.choices) {
      for (const choice of question.choices) controls.push(button("mg-answer", choice, () => check(choice), choice));
    } else {
      const field = make("", "input", { type: "text", class: "mg-field", "aria-label": question.text, autocomplete: "off",
        spellcheck: "false", placeholder: say(size === 1 ? "answer.one" : "answer.many", { count: size }) });
      field.addEventListener("mg-enter", () => check(field.value));
      controls.push(field, button("mg-answer", say("check"), () => check(field.value), say("check")));
    }
    controls.push(button("mg-answer mg-reveal", say("reveal"), () => settle(question, false, say("answer.is", { answer: question.answer })), say("reveal")));
    place.replaceChildren(verdict ? h("p", "", verdict) : "", h("p", "", h("b", "", `${say("predict")}: `), question.text), h("div", "mg-answers", ...controls), reply);
    place.hidden = false;
  }

  /** @param {Question} question @param {boolean} right @param {string} text */
  function settle(question, right, text) {
    const focused = element.contains(document.activeElement);
    answered.set(question, right);
    view.look();
    view.go(question.step);
    view.remember(); // the next question may stand in the same step
    verdict = text;
    show();
    view.tell(text, true);
    if (focused) (element.querySelector("input") || root).focus({ preventScroll: true });
  }

  return {
    element, score, open, ask, look, show,
    /** The step changes, and what was said of the last answer goes. */
    leave() {
      verdict = "";
    },
    answers: () => [...answered.values()],
    /** @param {boolean[]} answers */
    restore(answers) {
      questions.slice(0, answers.length).forEach((one, i) => answered.set(one, answers[i]));
    },
  };
}
