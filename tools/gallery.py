"""Draw the pictures of the documentation by the lines that stand on its pages.

python -m tools.gallery [--data-dir DIR] [PAGE ...]

Runs the blocks of docs/gallery.md and docs/paper.md, from top to bottom, in a temporary folder. A
picture below `images/PAGE/` is the last value of the Python block above it, or the file that the
comment before it names, `<!-- from: FILE -->`.

Commands that name no data set take Fashion-MNIST, from DIR or downloaded. Pictures of HTML pages
take Debian's chromium and chromium-driver, or Chrome and its driver on the path.
"""

import argparse
import ast
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from snnviz.export import render
from tools.screenshot import CELL, screenshot, widget_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = ("gallery", "paper")
# A picture gets the most colours with which it is no larger than so many bytes.
COLORS = (256, 128, 96, 64)
LARGEST = 140_000
# Wider pictures are halved: no page is as wide.
WIDE = 2000
_STEP = re.compile(
    r"^```(?P<kind>sh|python)\n(?P<code>.*?)^```$"
    r"|^<!-- from: (?P<source>[^\n]*) -->$"
    r"|(?P<picture>images/[\w/]+\.\w+)",
    re.MULTILINE | re.DOTALL,
)


def steps(name: str) -> Iterator[tuple[str, str]]:
    """What a page asks for, in turn: "sh", "python", "source" or "picture", and what."""
    for found in _STEP.finditer((DOCS / f"{name}.md").read_text(encoding="utf-8")):
        if found["kind"]:
            yield found["kind"], found["code"]
        elif found["source"]:
            yield "source", found["source"]
        elif found["picture"].startswith(f"images/{name}/"):
            yield "picture", found["picture"]


def run_shell(code: str) -> None:
    """Run commands as a reader does in whose environment snnviz is."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    print(code, end="", flush=True)
    subprocess.run(  # noqa: S603
        ["bash", "-euo", "pipefail", "-c", code],  # noqa: S607
        check=True,
        env={**os.environ, "PATH": path},
        stdout=subprocess.DEVNULL,
    )


def run_python(code: str, scope: dict[str, Any]) -> Any:
    """Run code, and give the value of its last line, as a notebook does."""
    print(code, end="", flush=True)
    lines = ast.parse(code).body
    shown = lines.pop() if isinstance(lines[-1], ast.Expr) else None
    exec(compile(ast.Module(lines, []), "<page>", "exec"), scope)  # noqa: S102
    return shown and eval(compile(ast.Expression(shown.value), "<page>", "eval"), scope)  # noqa: S307


def picture_of(made: Any, suffix: str) -> bytes:
    """A value, or the file that a name stands for, as the bytes of a picture of that suffix."""
    if not isinstance(made, str):
        if hasattr(made, "_esm"):
            return screenshot(widget_page(made), width=CELL)
        return render(made, suffix[1:])
    name, _, fragment = made.partition("#")
    path = Path(name).resolve()
    return screenshot(path, fragment) if path.suffix == ".html" else path.read_bytes()


def small(png: bytes) -> bytes:
    """A PNG in a palette, which takes about half of the bytes, and no wider than a page is."""
    with Image.open(io.BytesIO(png)) as picture:
        pixels = picture.convert("RGB")
    if pixels.width > WIDE:
        pixels = pixels.reduce(2)
    for colors in COLORS:
        file = io.BytesIO()
        # By this method the rare colours of a legend stay what they are.
        chosen = pixels.quantize(colors, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        chosen.save(file, "PNG", optimize=True)
        if file.tell() <= LARGEST:
            break
    return file.getvalue()


def keep(made: Any, target: Path) -> None:
    """Put what was made on the page."""
    content = picture_of(made, target.suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(small(content) if target.suffix == ".png" else content)
    print(f"-> {target.relative_to(ROOT)}: {target.stat().st_size} bytes", flush=True)


def draw(name: str) -> None:
    """Draw the pictures of a page, in the working directory, which is empty."""
    Path("examples").symlink_to(ROOT / "examples")
    scope: dict[str, Any] = {}
    made: Any = None
    for kind, what in steps(name):
        if kind == "sh":
            run_shell(what)
        elif kind == "python":
            made = run_python(what, scope)
        elif kind == "source":
            made = what
        else:
            keep(made, DOCS / what)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=", ".join(PAGES))
    parser.add_argument("--data-dir", type=Path, help="where Fashion-MNIST lies")
    options = parser.parse_args()
    if unknown := set(options.pages) - set(PAGES):
        parser.error(f"no page {min(unknown)!r}; there are {', '.join(PAGES)}")
    if options.data_dir:
        os.environ["SNNVIZ_DATA_DIR"] = str(options.data_dir.resolve())
    for name in options.pages or PAGES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            draw(name)


if __name__ == "__main__":
    main()
