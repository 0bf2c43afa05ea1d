// @ts-check
// Walking in the panes: each is one stop of Tab. The focus goes on from it to one of what it holds, and the arrows take it
// further.

/** @import {View} from "./stepper.mjs" */
import { scrollInto } from "./elements.mjs";

const PAN = 60; // how far Shift and an arrow move a pane
export const HEADING = 30; // the height of the table's heading, which stays

/** @param {View} view @param {{code: any, panel: any, picture: any, tensors: any}} parts */
export function walkPanes(view, { code, panel, picture, tensors }) {
  const panes = [code.pane, panel.pane, picture.pane, tensors.pane];
  const rowsOf = (/** @type {any} */ pane) => [...pane.querySelectorAll(pane === code.pane ? ".mg-line:not(:disabled)" : ".mg-on .mg-pick")];

  /** @param {any} pane @param {() => any} enter */
  function oneStop(pane, enter) {
    pane.addEventListener("focusin", (/** @type {FocusEvent} */ event) => {
      if (event.target !== pane) pane.tabIndex = -1; // or Shift+Tab would end here, and be sent back
      else if (pane.matches(":focus-visible")) enter(); // no mouse has done it
    });
    pane.addEventListener("focusout", () => (pane.tabIndex = 0));
  }
  /** @param {any} row */
  function visit(row) {
    if (!row) return;
    row.focus({ preventScroll: true });
    if (code.pane.contains(row)) scrollInto(code.pane, row, 0);
    else scrollInto(tensors.pane, row.closest(".mg-row"), HEADING);
  }
  oneStop(code.pane, () => visit(code.current || rowsOf(code.pane)[0]));
  oneStop(tensors.pane, () => {
    const rows = rowsOf(tensors.pane);
    visit(rows.find((row) => row.closest(".mg-picked")) || rows.find((row) => row.closest(".mg-now")) || rows[0]);
  });
  oneStop(picture.pane, picture.enter);

  /** An arrow: Shift moves the pane, without it one walks in it.
   * @param {any} target @param {number} dx @param {number} dy @param {boolean} shift @returns {boolean} whether it was for a pane */
  function walk(target, dx, dy, shift) {
    const pane = panes.find((one) => one.contains(target));
    if (shift) (pane || picture.pane).scrollBy(PAN * dx, PAN * dy);
    else if (pane === picture.pane) picture.walkBy(dx, dy);
    else if (!pane || dx) return false;
    else if (target === panel.pane) pane.scrollBy(0, PAN * dy);
    else if (pane === panel.pane) return false;
    else {
      const rows = rowsOf(pane);
      visit(rows[rows.indexOf(target) + dy]);
    }
    return true;
  }
  return { walk, hold: (/** @type {any} */ target) => panes.some((pane) => pane.contains(target)) };
}
