// @ts-check
// What the reader reads and writes: numbers and names as texts, answers as numbers. Sentences come from one catalogue,
// viz/texts.py.

/** @import {Step, Trace} from "./run.mjs" */
/** @typedef {(key: string, words?: Record<string, string | number>) => string} Say */

/** Says what the reader reads, from the one catalogue (viz/texts.py): no sentence stands in this file.
 * @param {Record<string, string>} [texts] @returns {Say} */
export function speaker(texts = {}) {
  return (key, words = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => String(words[name] ?? all));
}

/** How a trace's lines are called: by their number in their cell or file and, in a run that was resumed, their part.
 * @param {Trace} trace @param {Say} say @returns {(line: number) => string} */
export function nameLines(trace, say) {
  const parts = [[1, trace.first_line || 1], ...(trace.resumed || [])];
  return (line) => {
    const part = parts.filter(([begin]) => begin <= line).length;
    const [begin, number] = parts[part - 1];
    const name = String(number + line - begin);
    return parts.length > 1 ? say("line.of", { line: name, part }) : name;
  };
}

/** What stands on a node that failed: the error's type and the line.
 * @param {Step} step @param {(line: number) => string} lineName @param {Say} say */
export function failureText(step, lineName, say) {
  const type = (step.error || "").split(":")[0];
  return step.line ? `${type} · ${say("a.line", { line: lineName(step.line) })}` : type;
}

/** @param {number} bytes */
export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = -1;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** A number short enough for a cell of a heat map.
 * @param {number | string | null} n */
export function cellText(n) {
  if (n === null) return "";
  if (typeof n === "string") return n;
  if (n === 0) return "0";
  const size = Math.abs(n);
  if (size >= 9999.5 || size < 0.001) return signed(n.toExponential(1).replace("e+", "e"));
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3;
  return signed(String(Number(n.toFixed(digits))));
}

/** Numbers as the whole page writes them: with a minus, not a hyphen.
 * @param {string} text */
export function signed(text) {
  return text.replace(/(?<![\p{L}\d_)\]])-(?=\.?\d|inf)|(?<=\de)-(?=\d)/gu, "−");
}

/** Letters are counted as viz/place.py counts them: a wide one (中, 😀) takes the room of two.
 * @param {string} text @param {number} room in letters */
export function clip(text, room) {
  let used = 0;
  let kept = "";
  let cut = "";
  for (const c of text) {
    used += wide(c) ? 2 : 1;
    if (used > room) return `${cut}…`;
    kept += c;
    if (used <= room - 1) cut = kept;
  }
  return text;
}

/** @param {string} c */
function wide(c) {
  const n = /** @type {number} */ (c.codePointAt(0));
  return n >= 0x1100 && (n <= 0x115f || (n >= 0x2e80 && n <= 0xa4cf) || (n >= 0xac00 && n <= 0xd7a3) ||
    (n >= 0xf900 && n <= 0xfaff) || (n >= 0xfe30 && n <= 0xfe6f) || (n >= 0xff00 && n <= 0xff60) || n >= 0x1f000);
}

/** The numbers of an answer: brackets, commas and "tensor(" do not matter. Null where it is none.
 * @param {string} text @returns {number[] | "None" | null} */
export function readAnswer(text) {
  const plain = text.replace(/tensor|dtype\s*=\s*[\w.]+|[()[\],;]/g, " ").replace(/−/g, "-").trim();
  if (/^none$/i.test(plain)) return "None";
  const found = plain.split(/\s+/).map((word) => {
    const [top, bottom = "1", more] = word.split("/");
    return more === undefined && top !== "" && bottom !== "" ? Number(top) / Number(bottom) : NaN;
  });
  return found.some(Number.isNaN) ? null : found;
}

/** Whether an answer is the wanted one, within half a hundredth.
 * @param {string} given @param {string} wanted */
export function agrees(given, wanted) {
  const [a, b] = [readAnswer(given), readAnswer(wanted)];
  if (a === null || b === null) return given.trim() === wanted;
  if (a === "None" || b === "None") return a === b;
  return a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) <= 0.005 * Math.max(1, Math.abs(b[i])));
}

/** What is known of a tensor's gradient.
 * @param {any} now */
export function gradientText({ grad }) {
  return grad === null ? "None" : signed(typeof grad === "string" ? grad : grad.text);
}

/** A text as a sentence.
 * @param {string} text */
export function sentenceOf(text) {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
