// Where in the image: a layer's spikes, by rules that ask for no answer, and what an answer rests on.

const WHERE = {
  sam: "spike activation map",
  "first-spike": "early first spikes",
  saliency: "saliency",
  "integrated-gradients": "integrated gradients",
};
// Of both signs, with 0 at this byte and the largest size so far from it.
const ZERO_LEVEL = 128,
  MOST_LEVEL = 127;

/** Maps of the image that is shown, each on its own range; those without training beside them. */
function wherePanel(app) {
  const list = make("div", { class: "where-maps" }),
    spikes = make(
      "p",
      { class: "dim" },
      "Spikes: all channels together, over all steps; each map from its lowest value, black, to its highest, white. They say where spikes are, not what an answer rests on.",
    ),
    gradients = make("p", { class: "dim gradients" }),
    missing = make("p", { class: "dim unexplained" });
  const element = make(
    "section",
    { class: "where", "aria-label": "Where in the image", hidden: true },
    make("h2", { class: "small" }, "Where in the image"),
    list,
    spikes,
    gradients,
    missing,
  );
  const { unexplained } = app.report;
  if (unexplained)
    missing.textContent = `No maps of gradients, which are of a network's answer: ${unexplained}.`;
  missing.hidden = !unexplained;
  return {
    element,
    update(changed) {
      if (!changed.has("image")) return;
      const image = app.image(),
        { gradients: of = {}, untrained = {} } = image.explained ?? {},
        maps = { ...image.where, ...of };
      element.hidden = !Object.keys(maps).length;
      spikes.hidden = !Object.keys(image.where ?? {}).length;
      gradients.hidden = !Object.keys(of).length;
      if (!gradients.hidden) gradients.textContent = ofGradients(image.explained);
      list.replaceChildren(
        ...Object.entries(maps).map(([name, place]) =>
          make(
            "div",
            { class: "where-pair" },
            whereMap(app, name, place),
            untrained[name] && whereMap(app, name, untrained[name], "without training"),
          ),
        ),
      );
    },
  };
}

/** What maps of gradients are of, and how they are to be read. */
function ofGradients({ of, untrained }) {
  const whose = of.by === "label" ? `${of.name}, the label` : `${of.name}, the network's answer`;
  const beside = Object.keys(untrained).length
    ? " A map that the network without training shows as well says nothing of what was learned."
    : "";
  return `Gradients: of ${whose}, through the neurons' surrogates; no derivatives of what the network computes. In integrated gradients orange speaks for that class, blue against it.${beside} snnviz attribution measures what maps are worth.`;
}

/** One map with its caption; `which` network it is of, where it is not the one that is shown. */
function whereMap(app, name, place, which = "") {
  const [H, W] = place[2],
    canvas = make("canvas", {
      role: "img",
      "aria-label": `${WHERE[name]} of this image${which && `, ${which}`}`,
    });
  canvas.dataset.map = which ? `${name} untrained` : name;
  const colour =
    name === "integrated-gradients"
      ? (level) => signedColour((level - ZERO_LEVEL) / MOST_LEVEL)
      : (level) => GREYS[level];
  const colours = Uint32Array.from(app.report.array(place), colour);
  paint(canvas, colours, H, W, (112 * W) / Math.max(H, W));
  return make("figure", {}, canvas, make("figcaption", {}, which || WHERE[name]));
}
