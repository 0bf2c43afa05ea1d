// @ts-check
// What a page (viz/page.py) and a widget (viz/widget.py) find here.

import { mountPair } from "./pair.mjs";
import { mount } from "./stepper.mjs";

/** The widget's side (anywidget): the step is shared with Python.
 * @param {{model: any, el: HTMLElement}} context */
function render({ model, el }) {
  const open = () =>
    mount(el, model.get("trace"), {
      texts: model.get("texts"),
      step: model.get("step"),
      onStep: (step) => {
        model.set("step", step);
        model.save_changes();
      },
    });
  let stepper = open();
  const onStep = () => stepper.go(model.get("step"));
  const onTrace = () => {
    stepper.destroy();
    stepper = open();
  };
  model.on("change:step", onStep);
  model.on("change:trace", onTrace);
  return () => {
    model.off("change:step", onStep);
    model.off("change:trace", onTrace);
    stepper.destroy();
  };
}

export { mount, mountPair };
export default { render };
