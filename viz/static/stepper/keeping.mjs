// @ts-check
// What a tab of the browser remembers.

/** @import {Trace} from "./run.mjs" */

/** Where the reader was, for when the page is loaded again or the notebook is opened again: kept with the tab, by what
 * was recorded and where it is shown. A cell that is run again in an open notebook begins anew. Where nothing may be
 * stored, nothing is.
 * @param {any} el @param {Trace[]} traces @param {number} start */
export function keeping(el, traces, start) {
  let hash = 2166136261;
  for (const text of [String(start), ...traces.flatMap((trace) => [...trace.source, ...trace.steps.map((step) => step.title)])]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  }
  const name = `mg-step-${(hash >>> 0).toString(36)}`;
  // Several views of one run are told apart by their cell (JupyterLab numbers those it has not drawn, too), and within
  // it by their order. Every output brings a program of its own, so the list of views is the window's.
  const view = { name, cell: el.closest(".jp-Cell"), book: el.closest(".jp-Notebook") || document.documentElement, number: 0, place: "", last: null, store };
  view.number = [...(view.cell || document).querySelectorAll(".mg-place")].indexOf(el);
  const shared = /** @type {any} */ (window);
  if (!shared.mgViews) {
    shared.mgViews = new Set();
    window.addEventListener("pagehide", () => shared.mgViews.forEach((/** @type {typeof view} */ one) => one.store())); // cells may have moved
  }
  /** @type {Set<typeof view>} */
  const views = shared.mgViews;
  const placeOf = (/** @type {typeof view} */ { cell, book, number }) =>
    `${cell ? cell.dataset.windowedListIndex ?? [...book.querySelectorAll(".jp-Cell")].indexOf(cell) : 0}.${number}`;
  const others = () => [...views].filter((one) => one.name === name && (one.book.isConnected || !views.delete(one)));
  const all = () => JSON.parse(sessionStorage.getItem(name) || "{}");
  function store() {
    try {
      const records = all();
      const shown = others();
      for (const one of shown) delete records[one.place];
      for (const one of shown) records[(one.place = placeOf(one))] = one.last;
      sessionStorage.setItem(name, JSON.stringify(records));
    } catch {
      // refused: a sandboxed frame, a full store
    }
  }
  return {
    /** @returns {{step: number, answers: boolean[], opened?: string[]} | null} */
    read() {
      view.place = placeOf(view);
      const again = others().filter((one) => one.cell === view.cell && one.number === view.number);
      for (const one of again) views.delete(one);
      views.add(view);
      try {
        const found = again.length ? null : all()[view.place];
        return found && found.step > 0 && Array.isArray(found.answers) ? found : null;
      } catch {
        return null; // refused, or not ours
      }
    },
    /** @param {{step: number, answers: boolean[], opened?: string[]}} where */
    write(where) {
      view.last = /** @type {any} */ (where);
      store();
    },
  };
}
