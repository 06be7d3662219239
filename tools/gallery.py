"""Draw the pictures of the page "Figures for a paper" by the commands that stand on it."""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "paper.md"
PICTURES = ROOT / "docs" / "images" / "paper"
EXAMPLE = ROOT / "examples" / "figure_of_several.py"
SEVERAL = "several.png"


def commands(text: str) -> dict[str, list[str]]:
    """The arguments of each command of the page that draws, by the name of its folder."""
    lines = re.findall(r"^snnviz (visualize .*)$", text.replace("\\\n", ""), re.MULTILINE)
    found = map(shlex.split, lines)
    return {line[line.index("--out-dir") + 1].removeprefix("paper/"): line for line in found}


def shown(text: str) -> dict[str, tuple[str, str]]:
    """Each picture or caption that the page shows: its folder, and what it is called in there."""
    names = sorted(set(re.findall(r"images/paper/(\w+\.\w+)", text)) - {SEVERAL})
    return {name: tuple(name.split("_", 1)) for name in names}


def python_blocks(text: str) -> list[str]:
    """The lines of Python that stand on the page itself."""
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "--8<--" not in block]


def keep(path: Path, name: str) -> None:
    """Put a file on the page: pictures in a palette, which takes a third of the bytes."""
    target = PICTURES / name
    if path.suffix != ".png":
        target.write_bytes(path.read_bytes())
    else:
        with Image.open(path) as picture:
            palette = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
            palette.save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes")


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        python = [sys.executable]
        for block in python_blocks(text):
            subprocess.run([*python, "-c", block], check=True, cwd=folder)  # noqa: S603
        for command in commands(text).values():
            subprocess.run([*python, "-m", "snnviz", *command, "-q"], check=True, cwd=folder)  # noqa: S603
        subprocess.run([*python, EXAMPLE, SEVERAL], check=True, cwd=folder)  # noqa: S603
        for name, (out, picture) in shown(text).items():
            keep(Path(folder, "paper", out, "00000", picture), name)
        keep(Path(folder, SEVERAL), SEVERAL)


if __name__ == "__main__":
    main()
