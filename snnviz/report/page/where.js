// Where in the image a layer spikes, by rules that ask for no answer.

const WHERE = { sam: "spike activation map", "first-spike": "early first spikes" };

/** Maps of the image that is shown, each from its lowest value to its highest. */
function wherePanel(app) {
  const list = make("div", { class: "where-maps" });
  const element = make(
    "section",
    { class: "where", "aria-label": "Where in the image", hidden: true },
    make("h2", { class: "small" }, "Where in the image"),
    list,
    make(
      "p",
      { class: "dim" },
      "All channels together, over all steps; each map from its lowest value, black, to its highest, white. It says where spikes are, not what an answer rests on: snnviz attribution asks that.",
    ),
  );
  return {
    element,
    update(changed) {
      if (!changed.has("image")) return;
      const image = app.image(),
        maps = Object.entries(image.where ?? {});
      element.hidden = !maps.length;
      list.replaceChildren(
        ...maps.map(([name, place]) => {
          const [H, W] = place[2],
            canvas = make("canvas", { role: "img", "aria-label": `${WHERE[name]} of this image` });
          canvas.dataset.map = name;
          const colours = Uint32Array.from(app.report.array(place), (level) => GREYS[level]);
          paint(canvas, colours, H, W, (112 * W) / Math.max(H, W));
          return make("figure", {}, canvas, make("figcaption", {}, WHERE[name]));
        }),
      );
    },
  };
}
