// Elements from values: text is set as text, so that no name can be markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element; properties that begin with "on" are listeners, children that are strings are text. */
function make(tag, properties = {}, ...children) {
  return dressed(document.createElement(tag), properties, children);
}

/** The same of SVG. */
function draw(tag, properties = {}, ...children) {
  return dressed(document.createElementNS(SVG, tag), properties, children);
}

function dressed(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Buttons of which one is pressed. */
function choice(label, options, chosen, choose) {
  const group = make("div", { class: "choice", role: "radiogroup", "aria-label": label });
  const buttons = Object.entries(options).map(([value, text]) =>
    make(
      "button",
      { type: "button", role: "radio", "data-value": value, onclick: () => choose(value) },
      text,
    ),
  );
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next =
      buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  group.append(...buttons);
  group.show = (value) => {
    for (const button of buttons) {
      const is = button.dataset.value === value;
      button.setAttribute("aria-checked", is);
      button.tabIndex = is ? 0 : -1;
    }
  };
  group.show(chosen);
  return group;
}

/** Numbers for people: a true minus, no digits that say nothing. */
function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** As short as fits into a cell: .15, −.3, 12. */
function short(value) {
  const size = Math.abs(value),
    text = size >= 9.95 ? size.toFixed(0) : size >= 0.995 ? size.toFixed(1) : size.toFixed(2);
  return (
    (value < 0 && Number(text) ? "−" : "") + text.replace(/^0\./, ".").replace(/\.0+$/, "") || "0"
  );
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const plural = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

/** Keep a name to a line; the whole of it is its title. */
const clipped = (text, most = 60) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
