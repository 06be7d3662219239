"""A page from its data: one HTML file that needs nothing else and asks nobody for anything."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from snnviz._version import __version__
from snnviz.files import write_bytes
from snnviz.report.packing import Block

# In this order they are one module.
_SCRIPTS = (
    "data", "neurons", "paint", "elements", "plots", "grid", "why", "neuron", "table", "own",
    "save", "more", "app", "panels", "where", "view",
)  # fmt: skip
_OPEN = "\nopen();\n"


@cache
def asset(name: str) -> str:
    """The text of a file of the page."""
    return (files("snnviz.report") / "page" / name).read_text(encoding="utf-8")


@cache
def module() -> str:
    """The page's script: one ES module, whose default export has `render({model, el})`."""
    return "\n".join(asset(f"{name}.js") for name in _SCRIPTS)


def render_page(data: Mapping[str, object], block: Block) -> str:
    """The page as HTML.

    Its policy lets run and apply nothing but its own script and style, by their hashes, and load
    nothing. What it says of names and files is text, whatever they hold.

    Args:
        data: From `report_data`.
        block: What `data` points into.
    """
    style, script = asset("page.css"), module() + _OPEN
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        asset("page.html")
    )
    return template.render(
        title=data["title"],
        version=__version__,
        # Markup: they are no text of a user's, and in such elements entities are not read.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        data=Markup(inert_json(data)),  # noqa: S704
        block=base64.b64encode(block.compressed()).decode(),
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
    )


def write_report(data: Mapping[str, object], block: Block, path: Path) -> Path:
    """The file at `path`, which holds the page, whole or not at all.

    Raises:
        ExportError: It cannot be written there.
    """
    return write_bytes(render_page(data, block).encode(), path)


def embedded(data: Mapping[str, object], block: Block, *, height: int = 900) -> str:
    """The page inside a frame, as HTML for a notebook's output.

    Args:
        data: From `report_data`.
        block: What `data` points into.
        height: Of the frame, in pixels.
    """
    # In a <div>, since IPython warns of what is nothing but a frame.
    return (
        f'<div><iframe title="{escape(str(data["title"]), quote=True)}" '
        f'srcdoc="{escape(render_page(data, block), quote=True)}" '
        f'sandbox="allow-scripts allow-downloads" '
        f'style="width:100%;height:{height}px;border:0"></iframe></div>'
    )


def inert_json(data: Mapping[str, object]) -> str:
    """JSON that ends no element of HTML and begins none, whatever its texts hold."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _policy_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
