// @ts-check
// Making elements. Every text of the learner's becomes a text node: markup is never made of data. There are no ids in the
// page, so two steppers, or two views of one, cannot get in each other's way.

const SVG = "http://www.w3.org/2000/svg";
export const MATH = "http://www.w3.org/1998/Math/MathML";

/** @param {string} space @param {string} tag @param {Record<string, any>} [attributes] @param {...(globalThis.Node | string)} inside
 * @returns {any} */
export function make(space, tag, attributes = {}, ...inside) {
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  // Jupyter looks for its shortcuts before we hear of a key, from the element that has the focus upwards to the first
  // with this attribute: so each has it, not the root alone.
  if (tag === "button" || tag === "input" || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...inside);
  return element;
}

/** @param {string} tag @param {string} [className] @param {...(globalThis.Node | string)} inside @returns {any} */
export const h = (tag, className, ...inside) => make("", tag, { class: className || null }, ...inside);
/** @param {string} tag @param {Record<string, any>} [attributes] @param {...(globalThis.Node | string)} inside @returns {any} */
export const s = (tag, attributes, ...inside) => make(SVG, tag, attributes, ...inside);

export const ICONS = {
  first: "M4 3h2v10H4zM14 3v10L7 8z",
  back: "M12 3v10L4 8z",
  play: "M4 2.5v11L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  next: "M4 3v10l8-5z",
  last: "M10 3h2v10h-2zM2 3v10l7-5z",
  plus: "M7 3h2v4h4v2H9v4H7V9H3V7h4z",
  minus: "M3 7h10v2H3z",
  fit: "M2 2h5v2H4v3H2zM14 2v5h-2V4H9V2zM2 14V9h2v3h3v2zM14 14H9v-2h3V9h2z",
  wide: "M9 2h5v5h-2V5.4L9.2 8.2 7.8 6.8 10.6 4H9zM7 14H2V9h2v1.6l2.8-2.8 1.4 1.4L5.4 12H7z",
  help: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 1.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6zM7.2 10.6h1.7v1.7H7.2zm.1-1.1c0-1.9 2-2 2-3.4 0-.7-.5-1.1-1.2-1.1S6.8 5.5 6.7 6.3L5.2 6c.2-1.5 1.3-2.5 2.9-2.5S10.9 4.5 10.9 6c0 2-2 2.2-2 3.5z",
  close: "M4.4 3L8 6.6 11.6 3 13 4.4 9.4 8l3.6 3.6-1.4 1.4L8 9.4 4.4 13 3 11.6 6.6 8 3 4.4z",
  error: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM7 4v5h2V4zm0 6.3v2h2v-2z",
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  return s("svg", { class: "mg-icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    s("path", { d: ICONS[name], "fill-rule": "evenodd" }));
}

/** @param {string} className @param {string} label @param {() => void} onClick @param {...(globalThis.Node | string)} inside */
export function button(className, label, onClick, ...inside) {
  const element = make("", "button", { type: "button", class: className, "aria-label": label, title: label }, ...inside);
  element.addEventListener("click", onClick);
  return element;
}

/** Give an element its text. The same text again would be laid out again, and is most of what a step would write.
 * @param {any} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {any} pane @param {any} item @param {number} head */
export function scrollInto(pane, item, head) {
  if (pane.scrollHeight <= pane.clientHeight) return;
  const a = pane.getBoundingClientRect();
  const b = item.getBoundingClientRect();
  if (b.top < a.top + head) pane.scrollTop -= a.top + head - b.top + 8;
  else if (b.bottom > a.bottom) pane.scrollTop += Math.min(b.bottom - a.bottom + 8, b.top - a.top - head);
}

export function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
