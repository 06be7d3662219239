// The channels as a table: sorted, filtered, each with its kernel and its mean map.

function channelTable(app) {
  const { report } = app,
    { channels } = report,
    most = report.most > 1;
  const rate = most ? (v) => number(v, 2) : percent;
  const columns = [
    { key: "channel", title: "Channel", of: (k) => k, text: String },
    ...(channels.type
      ? [{ key: "type", title: "Follows", of: report.type.bind(report), text: String }]
      : []),
    {
      key: "here",
      title: "Rate, this image",
      of: (k) => app.spikes().rate(k),
      text: rate,
      bar: true,
    },
    {
      key: "rate",
      title: `Rate, ${plural(channels.images, "image")}`,
      of: (k) => channels.rate[k],
      text: rate,
      bar: true,
    },
    ...(channels.edge
      ? [
          {
            key: "edge",
            title: "Edge r",
            of: (k) => channels.edge[k],
            text: (v) => number(v, 2),
            signed: true,
          },
          {
            key: "intensity",
            title: "Intensity r",
            of: (k) => channels.intensity[k],
            text: (v) => number(v, 2),
            signed: true,
          },
        ]
      : []),
    {
      key: "first",
      title: "Mean first t",
      of: (k) => channels.first[k],
      text: (v) => number(v, 1),
    },
  ];
  const filter = make("input", {
    type: "search",
    placeholder: "edge, 17, 20-29 …",
    "aria-label": "Filter channels by type or number",
    oninput: () => app.set({ filter: filter.value }),
  });
  const as = choice(
    "Order of the grid",
    { index: "Grid in order", table: "as this table" },
    "index",
    (value) => app.set({ as: value }),
  );
  const count = make("span", { class: "dim", role: "status" });
  const heads = columns.map((column) =>
    make(
      "th",
      { scope: "col", onclick: () => app.sortBy(column.key) },
      make("button", { type: "button" }, column.title),
    ),
  );
  const body = make("tbody");
  const table = make(
    "table",
    { class: "table" },
    make("caption", { class: "hidden" }, "Channels"),
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        make("th", { scope: "col" }, make("span", { class: "hidden" }, "Kernel and mean map")),
        ...heads,
      ),
    ),
    body,
  );
  const element = make(
    "section",
    { class: "channels", "aria-label": "Channels" },
    make(
      "div",
      { class: "row wrap" },
      make("h2", {}, "Channels"),
      filter,
      count,
      make("span", { class: "grow" }),
      as,
      savers(app, "channels", () => table.parentElement),
    ),
    make(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": "Table of channels" },
      table,
    ),
  );
  const rows = Array.from({ length: report.K }, (_, k) =>
    make(
      "tr",
      { "data-channel": k, onclick: () => app.set({ channel: k }) },
      make(
        "td",
        { class: "thumbnails" },
        report.kernelShape ? make("canvas", { "aria-hidden": "true" }) : null,
        make("canvas", { "aria-hidden": "true" }),
      ),
      columns.map((column, n) =>
        make(
          n ? "td" : "th",
          n ? {} : { scope: "row" },
          n
            ? make("span")
            : make("button", { type: "button", onclick: () => app.set({ channel: k }) }, String(k)),
          column.bar || column.signed
            ? make(
                "i",
                { class: column.signed ? "meter signed" : "meter", "aria-hidden": "true" },
                make("b"),
              )
            : null,
        ),
      ),
    ),
  );

  function thumbnails() {
    const means = report.means(),
      [, H, W] = report.images[0].map,
      size = H * W;
    rows.forEach((row, k) => {
      const canvases = row.querySelectorAll("canvas"),
        part = means.subarray(k * size, (k + 1) * size);
      if (report.kernelShape)
        paint(
          canvases[0],
          kernelColours(report.kernel(k), report.kernelShape),
          report.kernelShape[1],
          report.kernelShape[2],
          22,
        );
      const top = part.reduce((a, b) => Math.max(a, b), 0) || 1;
      paint(
        canvases[canvases.length - 1],
        Uint32Array.from(part, (v) => grey(v / top)),
        H,
        W,
        28,
      );
    });
  }

  function fill(n) {
    const column = columns[n],
      top = Math.max(1e-12, ...rows.map((_, k) => Math.abs(column.of(k) ?? 0) || 0));
    rows.forEach((row, k) => {
      const cell = row.children[n + 1],
        value = column.of(k);
      if (n) cell.firstChild.textContent = column.text(value);
      const bar = cell.querySelector(".meter b");
      if (!bar) return;
      const share = Number.isFinite(value) ? value / (column.signed ? 1 : top) : 0;
      bar.style.left = `${column.signed ? 50 + Math.min(0, share) * 50 : 0}%`;
      bar.style.width = `${Math.abs(share) * (column.signed ? 50 : 100)}%`;
      bar.classList.toggle("away", share < 0);
    });
  }

  body.addEventListener("keydown", (event) => {
    const order = app.order(true),
      at = order.indexOf(Number(event.target.closest("tr").dataset.channel));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: order.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (order[to] === undefined) return;
    app.set({ channel: order[to] });
    rows[order[to]].querySelector("button").focus({ preventScroll: true });
  });

  let filled = false;
  return {
    element,
    /** The channels that pass the filter, in the table's order. */
    order() {
      const { sort, down, filter: words } = app.state,
        column = columns.find(({ key }) => key === sort) ?? columns[0];
      const kept = rows.map((_, k) => k).filter((k) => passes(words, k, report.type(k)));
      const key = (k) => {
        const value = column.of(k);
        return value === null || Number.isNaN(value) ? (down ? -Infinity : Infinity) : value;
      };
      const sign = down ? -1 : 1;
      return kept.sort((a, b) => {
        const [p, q] = [key(a), key(b)];
        return p < q ? -sign : p > q ? sign : a - b;
      });
    },
    update(changed) {
      if (!filled) {
        thumbnails();
        columns.forEach((_, n) => fill(n));
        filled = true;
      } else if (changed.has("image")) fill(columns.findIndex(({ key }) => key === "here"));
      if (["sort", "down", "filter", "image"].some((name) => changed.has(name))) {
        const order = app.order(true);
        body.replaceChildren(...order.map((k) => rows[k]));
        count.textContent =
          order.length < report.K ? `${order.length} of ${report.K}` : plural(report.K, "channel");
        if (filter.value !== app.state.filter) filter.value = app.state.filter;
        heads.forEach((head, n) => {
          const is = columns[n].key === app.state.sort;
          head.setAttribute(
            "aria-sort",
            is ? (app.state.down ? "descending" : "ascending") : "none",
          );
        });
      }
      if (["sort", "down", "filter", "image", "channel"].some((name) => changed.has(name))) {
        // One stop of the tab key for all rows; arrows go on from there.
        const chosen = rows[app.state.channel],
          stop = chosen.isConnected ? chosen : body.firstChild;
        for (const row of body.children)
          row.querySelector("button").tabIndex = row === stop ? 0 : -1;
      }
      if (changed.has("as") || changed.has("start")) as.show(app.state.as);
      if (changed.has("channel") || changed.has("start")) {
        rows.forEach((row, k) => row.classList.toggle("chosen", k === app.state.channel));
        const row = rows[app.state.channel],
          box = row.closest(".scroller");
        if (box && row.isConnected) {
          const under = box.querySelector("thead").offsetHeight;
          if (row.offsetTop - under < box.scrollTop) box.scrollTop = row.offsetTop - under;
          else if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight)
            box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
        }
      }
    },
  };
}

/** Whether a channel is asked for by every word: its number, a span of numbers, part of its type. */
function passes(words, k, type) {
  return words
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .reduce(
      (groups, word) => {
        const span = word.match(/^(\d+)(?:-(\d+))?$/);
        const group = span ? "numbers" : "types";
        const holds = span
          ? k >= Number(span[1]) && k <= Number(span[2] ?? span[1])
          : type.includes(word);
        // Numbers are alternatives, words all have to be there.
        groups[group] =
          groups[group] === undefined
            ? holds
            : span
              ? groups[group] || holds
              : groups[group] && holds;
        return groups;
      },
      {
        numbers: undefined,
        types: undefined,
        get all() {
          return this.numbers !== false && this.types !== false;
        },
      },
    ).all;
}
