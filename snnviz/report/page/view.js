// The page as a whole, for a document of its own and for a notebook's widget.

/** Show a report in an element. */
function show(said, block, el, { address = false } = {}) {
  const report = new Report(said, block),
    app = new App(report, el, { address });
  el.classList.add("snnviz");
  el.classList.toggle("embedded", !address);
  const fit = () => el.classList.toggle("narrow", el.clientWidth < 1000);
  fit();
  new ResizeObserver(fit).observe(el);
  app.live = make("div", { class: "hidden", role: "status", "aria-live": "polite" });
  app.table = channelTable(app);
  const parts = {
    head: head(app),
    time: timeBar(app),
    images: imageList(app),
    own: drawing(app),
    maps: explorer(app),
    table: app.table,
    neuron: neuronPanel(app),
    where: wherePanel(app),
    pins: pinboard(app),
  };
  const further = {
    ...(report.compare && { compare: comparison(app) }),
    ...(report.training && { training: training(app) }),
  };
  const views = ["maps", "neuron", "channels", "draw", ...Object.keys(further)];
  parts.tabs = tabs(app, views);
  app.parts = [...Object.values(parts), ...Object.values(further)];
  el.dataset.further = Object.keys(further).length > 0;
  el.replaceChildren(
    parts.head.element,
    make(
      "div",
      { class: "body" },
      make(
        "nav",
        { class: "side", "aria-label": "Images" },
        make("h2", {}, "Images"),
        parts.images.element,
        parts.own.element,
      ),
      make(
        "main",
        { class: "middle" },
        parts.maps.bar,
        parts.time.element,
        parts.maps.element,
        app.table.element,
        Object.values(further).map((part) => part.element),
      ),
      make(
        "aside",
        { class: "aside" },
        parts.neuron.element,
        parts.where.element,
        parts.pins.element,
      ),
    ),
    parts.tabs.element,
    app.live,
  );
  if (address) Object.assign(app.state, app.read());
  if (!views.includes(app.state.view)) app.state.view = "maps";
  app.set({ ...app.state, start: true }, true);
  if (address) addEventListener("hashchange", () => app.recall());
  el.addEventListener("keydown", (event) => {
    if (
      event.target.closest("input, [role=radiogroup], .tiles, .thumbs, [role=application]") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    const { t } = app.state,
      act = {
        ",": () => app.set({ t: Math.max(0, t - 1) }),
        ".": () => app.set({ t: Math.min(report.T - 1, t + 1) }),
        p: () => app.pin(),
        "[": () => app.set({ channel: (app.state.channel + report.K - 1) % report.K }),
        "]": () => app.set({ channel: (app.state.channel + 1) % report.K }),
      }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  el.snnviz = app;
  return app;
}

/** What a notebook's widget calls. */
async function render({ model, el }) {
  const sent = model.get("block"),
    bytes =
      sent instanceof DataView
        ? new Uint8Array(sent.buffer, sent.byteOffset, sent.byteLength)
        : sent;
  const root = make("div");
  el.append(root);
  show(model.get("data"), await unzipped(bytes), root);
  // The picture for where no kernel runs has done its duty.
  for (const still of document.getElementsByClassName(`snnviz-${model.get("picture")}`))
    (still.closest(".jp-OutputArea-child, .output_area") ?? still).style.display = "none";
  return () => root.remove();
}

/** What a page of its own calls. */
async function open() {
  const text = (id) => document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text("snnviz-block")), (letter) => letter.charCodeAt(0));
  const el = document.getElementById("snnviz");
  try {
    show(JSON.parse(text("snnviz-data")), await unzipped(bytes), el, { address: true });
  } catch (error) {
    el.textContent = `This page needs a browser of 2023 or later: ${error.message}`;
    throw error;
  }
}

export default { render };
