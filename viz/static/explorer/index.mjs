// @ts-check
// The explorer: sliders that choose one of the pictures made when the cell ran, with no kernel and no network.
//
// The sliders are the browser's own, so they work by mouse, by touch and by key, and tell a screen reader where they
// stand. Every text comes from Python and becomes a text node or an attribute; a picture is an <img>, in which no
// script runs and whose names cannot meet those of another. There are no ids in the page.

/** @typedef {{name: string, labels: string[], start: number}} Slider */
/** @typedef {{sliders: Slider[], sentences: string[], alts: string[], width: number}} Data */

/** Put the sliders in the place of the still picture.
 * @param {HTMLElement} place @param {Data} data @param {string} packed as viz/explorers.py packs them */
export async function mount(place, data, packed) {
  if (!("DecompressionStream" in window)) return; // an old browser: the still picture stays
  const pictures = await unpack(packed);
  const at = data.sliders.map((slider) => slider.start);
  const index = () => data.sliders.reduce((sum, slider, k) => sum * slider.labels.length + at[k], 0);

  const images = new Map();
  const stage = make("div", { class: "mg-explore-picture" });
  const sentence = make("p", { class: "mg-explore-sentence", role: "status", "aria-live": "polite" });
  const root = make("div", { class: "mg-explorer", "data-lm-suppress-shortcuts": "true" });
  let shown = -1;

  const show = async () => {
    const wanted = index();
    if (wanted === shown) return;
    shown = wanted;
    sentence.textContent = data.sentences[wanted];
    const image = images.get(wanted) || make("img", { alt: data.alts[wanted], width: data.width, draggable: "false" });
    if (!images.has(wanted)) {
      images.set(wanted, image);
      image.src = `data:image/svg+xml,${encodeURIComponent(pictures[wanted])}`;
    }
    await image.decode().catch(() => undefined); // only then is it put up: nothing flickers
    if (wanted === shown) stage.replaceChildren(image);
  };

  const sliders = data.sliders.map(({ name, labels, start }, k) => {
    const value = make("span", { class: "mg-explore-value" }, labels[start]);
    // As wide as the longest, so that the slider stays where it is while the text changes.
    value.style.minWidth = `${Math.max(...labels.map((label) => label.length))}ch`;
    const input = make("input", {
      type: "range", min: "0", max: String(labels.length - 1), step: "1", value: String(start),
      "aria-label": name, "aria-valuetext": labels[start], "data-lm-suppress-shortcuts": "true",
    });
    input.addEventListener("input", () => {
      at[k] = Number(input.value);
      value.textContent = labels[at[k]];
      input.setAttribute("aria-valuetext", labels[at[k]]);
      void show();
    });
    return make("label", { class: "mg-explore-slider" }, make("span", {}, name), input, value);
  });

  // The notebook must not hear of a key: "b" would insert a cell, an arrow leave this one.
  root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.stopPropagation());
  root.append(make("div", { class: "mg-explore-sliders" }, ...sliders), stage);
  if (data.sentences.some(Boolean)) root.append(sentence);
  await show();
  place.replaceChildren(root);
}

/** @param {string} packed @returns {Promise<string[]>} */
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { lines, pictures } = JSON.parse(await new Response(stream).text());
  return pictures.map((/** @type {number[]} */ rows) => rows.map((row) => lines[row]).join("\n"));
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} inside
 * @returns {any} */
function make(tag, attributes, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...inside);
  return element;
}
