// @ts-check
// Numbers, formulas and code as elements.

/** @import {Formula, Value} from "./run.mjs" */
import { MATH, h, make } from "./elements.mjs";
import { cellText, signed } from "./words.mjs";

const MATH_TAGS = new Set(
  ("mrow mi mn mo mtext mfrac msup msub msubsup mover munder munderover msqrt mtable mtr mtd").split(" "),
);
const COARSE = 8; // rows of the picture of a large matrix, as viz/record.py makes them

/** MathML from nested lists; a tag that is not on the list becomes an mrow.
 * @param {any} part @returns {globalThis.Node} */
export function math(part) {
  if (!Array.isArray(part)) return document.createTextNode(String(part));
  const [kind, ...rest] = part;
  // A shape is a number: text counts as space, and then "=" before it would lose its own.
  const tag = kind === "mtext" && /^\(\d/.test(rest[0]) ? "mn" : kind;
  const element = document.createElementNS(MATH, MATH_TAGS.has(tag) ? tag : "mrow");
  if (tag === "mark") element.setAttribute("class", "mg-hot");
  // Mathematics has no spaces: words among symbols keep theirs.
  if (tag === "mtext" && /\p{L} \p{L}/u.test(String(rest[0]))) element.append(`\u00a0${String(rest[0]).trim()}\u00a0`);
  else element.append(...rest.map(math));
  return element;
}

/** A formula that can be broken before each "=": browsers do not break mathematics.
 * @param {Formula} formula */
export function drawFormula(formula) {
  const parts = splitMath(formula.math).flatMap((part) => {
    const inside = /** @type {any} */ (math(part));
    const sign = inside.firstElementChild;
    if (sign && sign.textContent === "=") for (const side of ["lspace", "rspace"]) sign.setAttribute(side, "0.28em");
    return [make(MATH, "math", { displaystyle: "true" }, inside), " "];
  });
  const drawn = make("", "span", { class: "mg-math", role: "math", "aria-label": formula.text }, ...parts);
  return h("div", "mg-formula", drawn, formula.note ? h("small", "", formula.note) : "");
}

/** A name that breaks between its parts, where it has to.
 * @param {string} name @returns {(HTMLElement | string)[]} */
export function breakable(name) {
  return name.split(/(?<=[._,(=])(?=\p{L})|(?=Backward)/u).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));
}

/** @param {any} part @returns {any[]} */
export function splitMath(part) {
  if (!Array.isArray(part) || part[0] !== "mrow") return [part];
  const out = [["mrow"]];
  for (const inner of part.slice(1)) {
    if (Array.isArray(inner) && inner[0] === "mo" && inner[1] === "=" && out[out.length - 1].length > 1) out.push(["mrow"]);
    out[out.length - 1].push(inner);
  }
  return out;
}

/** @param {any} part @returns {boolean} */
export function tall(part) {
  return Array.isArray(part) && (part[0] === "mfrac" || part[0] === "mtable" || part.some(tall));
}

/** A tensor's numbers: one number as text, few numbers on a heat map (which loses them, and has the text beside it,
 * where its place is too narrow), more as a heat map of colours with the text, a large tensor as the text alone.
 * @param {Value} value @returns {HTMLElement} */
export function numbers(value) {
  const text = signed(value.text);
  const cells = value.cells || [];
  if (cells.length < 2 || value.shape.length > 2) return h("span", "mg-num", text);
  const exact = value.shape.reduce((a, b) => a * b, 1) === cells.length;
  // A large tensor's cells are the means of its parts: see COARSE in viz/record.py.
  const across = exact ? value.shape[value.shape.length - 1] : value.shape.length === 2 ? cells.length / Math.min(value.shape[0], COARSE) : cells.length;
  const columns = value.shape.length === 1 ? Math.min(across, 16) : across;
  const letters = Array.from({ length: columns }, (_, i) =>
    Math.max(...cells.map((c, k) => (k % columns === i ? cellText(c).length : 0)))).reduce((a, b) => a + b + 1, 0);
  const room = !exact || cells.length > 16 || letters > 30 ? "" : letters <= 6 ? "s" : letters <= 10 ? "m" : letters <= 15 ? "l" : "xl";
  const grid = make("", "span", { class: "mg-heat", role: "img", "aria-label": text });
  grid.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  grid.style.setProperty("--mg-n", String(columns));
  const sizes = cells.map((c) => (typeof c === "number" ? Math.abs(c) : 0));
  const most = Math.max(...sizes) || 1;
  cells.forEach((c, i) => {
    const cell = h("i", typeof c === "number" ? (c < 0 ? "mg-neg" : "mg-pos") : "mg-odd", room ? cellText(c) : "");
    cell.style.setProperty("--mg-a", (0.06 + 0.62 * (sizes[i] / most)).toFixed(2));
    grid.append(cell);
  });
  return h("span", `mg-num mg-sum${room ? ` mg-fit mg-fit-${room}` : ""}`, grid, h("span", "mg-flat", text));
}

const KEYWORDS = new Set(
  ("and as assert break class continue def del elif else except False finally for from if import in is lambda None " +
    "not or pass raise return True try while with yield").split(" "),
);

/** A line of Python in the few colours that help to read it.
 * @param {string} line @returns {(HTMLElement | string)[]} */
export function paint(line) {
  const out = [];
  const token = /(#.*)|("[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|(\b\d[\w.]*)|([\p{L}_][\p{L}\p{N}_]*)/gu;
  let end = 0;
  for (const found of line.matchAll(token)) {
    const kind = found[1] ? "mg-k-note" : found[2] ? "mg-k-text" : found[3] ? "mg-k-num" : KEYWORDS.has(found[4]) ? "mg-k-word" : "";
    if (!kind) continue;
    if (found.index > end) out.push(line.slice(end, found.index));
    out.push(h("span", kind, found[0]));
    end = found.index + found[0].length;
  }
  out.push(line.slice(end));
  return out;
}
