// Any part of the page as a picture: its elements to SVG, and that to PNG.

/** Buttons that save a part of the page. */
function savers(app, name, part) {
  const save = (form) => async () => {
    const text = sectionSvg(
      part(),
      `${app.name(app.image())}, t = ${app.state.t} of 0 to ${app.report.T - 1}, ${app.report.title}`,
    );
    const file = `${name}-image-${app.state.image}-t-${app.state.t}-channel-${app.state.channel}.${form}`;
    if (form === "svg") download(new Blob([text], { type: "image/svg+xml" }), file);
    else download(await rasterised(text), file);
    app.say(`saved ${file}`);
  };
  return make(
    "div",
    { class: "savers" },
    ["png", "svg"].map((form) =>
      make(
        "button",
        {
          type: "button",
          class: "plain",
          "aria-label": `Save ${name} as ${form.toUpperCase()}`,
          onclick: save(form),
        },
        form.toUpperCase(),
      ),
    ),
  );
}

function download(blob, name) {
  const url = URL.createObjectURL(blob),
    link = make("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const EDGE = 12;

/** An SVG picture of an element: boxes, canvases, drawings and text, and below them a caption. */
function sectionSvg(element, caption) {
  const scrolled = element.scrollTop;
  element.scrollTop = 0; // what sticks to the top of what is scrolled is there then
  try {
    return drawnSection(element, caption);
  } finally {
    element.scrollTop = scrolled;
  }
}

function drawnSection(element, caption) {
  const box = element.getBoundingClientRect(),
    frame = { left: box.left - EDGE, top: box.top - EDGE },
    height = Math.ceil(element.scrollHeight) + 2 * EDGE + 16,
    root = draw("svg", {
      xmlns: SVG,
      width: Math.ceil(element.scrollWidth) + 2 * EDGE,
      height,
      "font-family": "system-ui, sans-serif",
    });
  const { backgroundColor: ground, color: ink } = getComputedStyle(element.closest(".snnviz"));
  root.append(
    draw("rect", { width: "100%", height: "100%", fill: ground }),
    draw("text", { x: EDGE, y: height - 10, fill: ink, "font-size": 12 }, caption),
  );
  const top = frame.top,
    place = (box) => ({
      x: box.left - frame.left,
      y: box.top - top,
      width: box.width,
      height: box.height,
    });
  (function walk(node) {
    if (node.nodeType === Node.TEXT_NODE)
      return void root.append(...textLines(node, frame.left, top));
    if (
      node.nodeType !== Node.ELEMENT_NODE ||
      node.matches(".savers, .choice, .plain, input, .hidden")
    )
      return;
    const style = getComputedStyle(node),
      box = node.getBoundingClientRect();
    if (style.display === "none" || style.visibility === "hidden" || !box.width) return;
    if (node instanceof SVGElement) {
      const copy = node.cloneNode(true),
        theirs = [node, ...node.querySelectorAll("*")];
      [copy, ...copy.querySelectorAll("*")].forEach((each, n) =>
        inlined(each, getComputedStyle(theirs[n])),
      );
      for (const [name, value] of Object.entries(place(box))) copy.setAttribute(name, value);
      return void root.append(copy);
    }
    if (node instanceof HTMLCanvasElement) {
      return void root.append(
        draw("image", {
          ...place(box),
          href: node.toDataURL(),
          "image-rendering": "pixelated",
          preserveAspectRatio: "none",
        }),
      );
    }
    if (style.backgroundColor !== "rgba(0, 0, 0, 0)" && node !== element)
      root.append(
        draw("rect", {
          ...place(box),
          fill: style.backgroundColor,
          rx: Number.parseFloat(style.borderRadius) || 0,
        }),
      );
    if (node.matches(".tile[aria-selected=true]"))
      root.append(
        draw("rect", {
          ...place(box),
          fill: "none",
          stroke: style.outlineColor,
          "stroke-width": 3,
        }),
      );
    node.childNodes.forEach(walk);
  })(element);
  return new XMLSerializer().serializeToString(root);
}

/** What style sheets say of a drawing, written into it. */
function inlined(element, style) {
  for (const name of [
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "font-size",
    "font-weight",
    "font-style",
    "opacity",
  ]) {
    element.setAttribute(name, style.getPropertyValue(name));
  }
}

/** A text as lines where they stand. */
function textLines(node, left, top) {
  const style = getComputedStyle(node.parentElement),
    lines = [];
  for (const { 0: word, index } of node.textContent.matchAll(/\S+\s*/g)) {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.trimEnd().length);
    const box = range.getBoundingClientRect(),
      last = lines.at(-1);
    if (!box.width) continue;
    if (last && Math.abs(last.box.top - box.top) < 2) last.text += word;
    else lines.push({ box, text: word });
  }
  const size = Number.parseFloat(style.fontSize);
  return lines.map(({ box, text }) =>
    draw(
      "text",
      {
        x: box.left - left,
        y: box.top - top + box.height / 2 + size * 0.35,
        fill: style.color,
        "font-size": size,
        "font-weight": style.fontWeight,
      },
      text.trimEnd(),
    ),
  );
}

/** An SVG as a PNG, twice as fine as it is shown. */
async function rasterised(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    await new Promise((resolve, reject) =>
      Object.assign(image, { onload: resolve, onerror: reject, src: url }),
    );
    const canvas = make("canvas", { width: 2 * image.width, height: 2 * image.height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve));
  } finally {
    URL.revokeObjectURL(url);
  }
}
