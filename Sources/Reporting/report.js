"use strict";
// Search, filters and the comparison of two variants. Texts are only read and hidden here, never made into markup.
(() => {
  const controls = document.getElementById("controls");
  const rows = [...document.querySelectorAll("#list > .row")].map((element) => ({
    element,
    variants: [...element.querySelectorAll(".variants > article")],
    text: null,
  }));
  if (rows.length === 0) return;

  const field = (id) => document.getElementById(id);
  const [search, state, model, left, right] = ["search", "state", "model", "left", "right"].map(field);
  const fill = (select, name) => {
    const values = new Set(rows.flatMap((row) => row.variants.map((variant) => variant.dataset[name])));
    values.delete("");
    for (const value of values) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = value;
      select.append(option);
    }
    return values.size;
  };
  fill(state, "state");
  model.parentElement.hidden = fill(model, "model") < 2;
  fill(left, "variant");
  const isMatrix = fill(right, "variant") > 1;
  for (const label of document.querySelectorAll(".pair")) label.hidden = !isMatrix;

  const textOf = (row) => {
    row.text ??= row.element.textContent.toLowerCase();
    return row.text;
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const chosen = [left.value, right.value].filter((value) => value !== "");
    let found = 0;
    for (const row of rows) {
      let shown = 0;
      for (const variant of row.variants) {
        const { state: itemState, model: itemModel, variant: name } = variant.dataset;
        const fits = (state.value === "" || state.value === itemState)
          && (model.value === "" || model.value === itemModel)
          && (chosen.length === 0 || chosen.includes(name));
        variant.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      const fits = shown > 0 && words.every((word) => textOf(row).includes(word));
      row.element.hidden = !fits;
      found += fits ? 1 : 0;
    }
    field("found").textContent = `${found} of ${rows.length} entries`;
  };
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  for (const select of [state, model, left, right]) select.addEventListener("change", apply);
  controls.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  // What a reader opened before going back is there again, and so are the choices: they count.
  addEventListener("pageshow", apply);
  controls.hidden = false;
  rows[0].element.open = true;
  apply();
})();
