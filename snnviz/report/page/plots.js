// Plots as SVG: the potential of a neuron, curves over epochs.

/** The potential over the steps, the threshold, and the spikes; all of it, nothing clipped. */
function potentialPlot({ potentials, after, spikes, train, start, threshold }, { T, most }) {
  const wide = 320,
    high = potentials ? 210 : 64,
    left = 36,
    top = 26,
    bottom = high - 34;
  const across = (t) => left + ((t + 1) / T) * (wide - left - 14);
  const parts = [],
    marker = draw("rect", {
      class: "marker",
      y: 4,
      height: bottom - 2,
      width: Math.min(14, 260 / T),
    });
  let words = `Spikes of the neuron over ${plural(T, "step")}: ${spikeWords(train, T)}.`;
  if (potentials) {
    const all = [...potentials, start, threshold, 0],
      low = Math.min(...all),
      span = Math.max(...all) - low || 1;
    const down = (v) => bottom - ((v - low) / span) * (bottom - top - 10);
    const fires = new Set(spikes);
    parts.push(
      draw("line", {
        class: "threshold",
        x1: left,
        x2: wide - 6,
        y1: down(threshold),
        y2: down(threshold),
      }),
      draw(
        "text",
        { x: left - 5, y: down(threshold) + 4, "text-anchor": "end" },
        number(threshold, threshold % 1 ? 2 : 0),
      ),
      draw(
        "text",
        { x: left - 5, y: down(start) + 4, "text-anchor": "end" },
        Math.abs(down(start) - down(threshold)) > 12 ? number(start, start % 1 ? 2 : 0) : "",
      ),
      draw("text", { x: left + 4, y: down(threshold) - 5, class: "dim" }, "threshold"),
      draw("line", { class: "axis", x1: left, x2: wide - 6, y1: down(start), y2: down(start) }),
    );
    const climb = potentials.map(
      (v, t) => `M${across(t - 1)} ${down(t ? after[t - 1] : start)}L${across(t)} ${down(v)}`,
    );
    const fall = spikes.map((t) => `M${across(t)} ${down(potentials[t])}V${down(after[t])}`);
    parts.push(draw("path", { class: "climb", d: climb.join("") }));
    parts.push(draw("path", { class: "fall", d: fall.join("") }));
    const dot = (v, t) =>
      draw("circle", {
        class: fires.has(t) ? "spike" : "dot",
        cx: across(t),
        cy: down(v),
        r: 3,
      });
    if (T <= 60) parts.push(...potentials.map(dot));
    words = `Membrane potential over ${plural(T, "step")}, threshold ${threshold}: ${spikeWords(train, T)}.`;
  }
  const times = new Map();
  for (const t of train) times.set(t, (times.get(t) ?? 0) + 1);
  parts.push(
    draw("path", {
      class: "spike",
      d: [...times.keys()].map((t) => `M${across(t)} 6v10`).join(""),
      "stroke-width": Math.max(0.5, Math.min(3, 150 / T)),
    }),
  );
  for (const [t, n] of most > 1 && T <= 40 ? times : [])
    if (n > 1) parts.push(draw("text", { x: across(t) + 3, y: 14 }, String(n)));
  for (let t = 0; t < T; t += Math.ceil(T / 12))
    parts.push(
      draw(
        "text",
        { x: across(t), y: bottom + 16, "text-anchor": "middle", "data-t": t },
        String(t),
      ),
    );
  parts.push(
    draw("text", { x: wide - 6, y: high - 3, "text-anchor": "end", class: "dim" }, "time step t"),
  );
  if (potentials)
    parts.push(draw("text", { x: 6, y: (top + bottom) / 2, class: "dim italic" }, "v"));
  const element = draw(
    "svg",
    { class: "potential", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": words },
    marker,
    ...parts,
  );
  return {
    element,
    at(t) {
      marker.setAttribute("x", across(t) - Number(marker.getAttribute("width")) / 2);
      for (const text of element.querySelectorAll("[data-t]"))
        text.classList.toggle("at", Number(text.dataset.t) === t);
    },
  };
}

/** Curves over epochs, up to three in a plot, told apart by dashes and words as well as colour. */
function curvePlot(title, series) {
  const wide = 320,
    high = 150,
    left = 46,
    bottom = 120,
    xs = series.flatMap(({ epochs }) => epochs),
    ys = series.flatMap(({ values }) => values);
  const [first, end] = [Math.min(...xs), Math.max(...xs)],
    [low, top] = [Math.min(...ys), Math.max(...ys)];
  const across = (x) => left + ((x - first) / (end - first || 1)) * (wide - left - 90),
    down = (y) => bottom - ((y - low) / (top - low || 1)) * (bottom - 24);
  const marker = draw("line", { class: "axis", y1: 18, y2: bottom, stroke: "currentColor" });
  const digits = top - low < 0.02 ? 4 : top - low < 0.2 ? 3 : top - low < 3 ? 2 : 0,
    names = series.map(({ values }, n) => [down(values.at(-1)), n]).sort((a, b) => a[0] - b[0]);
  names.forEach((each, n) => {
    if (n) each[0] = Math.max(each[0], names[n - 1][0] + 13);
  });
  const element = draw(
    "svg",
    {
      class: "potential curve",
      viewBox: `0 0 ${wide} ${high}`,
      role: "img",
      "aria-label": `${title} over the epochs: ${series.map(({ name, values }) => `${name} ${number(values[0], 2)} to ${number(values.at(-1), 2)}`).join(", ")}`,
    },
    draw("text", { x: left, y: 11 }, title),
    draw("text", { x: left - 5, y: 28, "text-anchor": "end" }, number(top, digits)),
    draw("text", { x: left - 5, y: bottom, "text-anchor": "end" }, number(low, digits)),
    draw("text", { x: across(first), y: bottom + 15 }, first < 0 ? "untrained" : String(first)),
    draw("text", { x: across(end), y: bottom + 15, "text-anchor": "end" }, `epoch ${end}`),
    marker,
    series.map(({ epochs, values }, n) =>
      draw("polyline", {
        class: `curve-${n}`,
        points: epochs.map((x, i) => `${across(x)},${down(values[i])}`).join(" "),
      }),
    ),
    names.map(([y, n]) => draw("text", { x: wide - 84, y: y + 4 }, series[n].name)),
  );
  return {
    element,
    at(x) {
      for (const end of ["x1", "x2"])
        marker.setAttribute(
          end,
          across(Math.max(first, Math.min(x, xs.length ? Math.max(...xs) : 0))),
        );
    },
  };
}
