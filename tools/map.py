"""Draws the map of docs/architecture.md: which package imports which, read from the imports.

    python -m tools.map

An arrow goes from a package to one that it imports; those that follow from others are left out.
"""

import ast
import graphlib
from collections.abc import Iterator
from html import escape
from pathlib import Path

import snnviz

PACKAGE = Path(snnviz.__file__).parent
MAP = Path(__file__).parents[1] / "docs" / "images" / "map.svg"
# From the command line down to the ground; arrows lead downwards.
ROWS = (
    ("cli",),
    ("tutorial",),
    ("report",),
    ("analysis",),
    ("baselines", "export"),
    ("scoring", "figures"),
    ("adapters",),
    ("checkpoint", "device", "metrics"),
    ("records", "data"),
    ("neurons", "display", "ranks", "folders"),
    ("compiling", "grid", "files"),
    ("batching", "errors", "_renaming"),
)
# Fill, and what it stands for.
GROUPS = {
    "#f3e6f7": ("one network: the tutorial's", {"tutorial"}),
    "#fdeedd": ("output and figures", {"report", "analysis", "export", "figures"}),
    "#e2f0e4": (
        "any network: needs torch",
        {"baselines", "scoring", "adapters", "checkpoint", "device"},
    ),
    "#e6effa": (
        "numbers: needs NumPy alone",
        {"metrics", "records", "data", "neurons", "display", "ranks", "grid"},
    ),
    "#eeeeee": ("commands, files, errors", set()),
}
WIDTH, STEP, LEFT = 760, 62, 190
BOX = (92, 30)


def imports(path: Path) -> Iterator[str]:
    """The packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            top, _, inside = name.partition(".")
            if top == "snnviz" and inside:
                yield snnviz._HOMES.get(inside, inside).partition(".")[0]  # noqa: SLF001


def graph() -> dict[str, set[str]]:
    """What each package imports of the others."""
    known = {name for names in ROWS for name in names}
    found: dict[str, set[str]] = {name: set() for name in known}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if name in known:
            found[name] |= (set(imports(path)) & known) - {name}
    return found


def reduced(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without what follows from others: of a to b, b to c and a to c the last."""
    beyond: dict[str, set[str]] = {}
    for name in graphlib.TopologicalSorter(edges).static_order():
        beyond[name] = edges[name].union(*(beyond[other] for other in edges[name]))
    return {
        name: others - set().union(*(beyond[other] for other in others))
        for name, others in edges.items()
    }


def middles() -> dict[str, tuple[float, float]]:
    """Where the middle of each box is."""
    return {
        name: (LEFT + (WIDTH - LEFT) * (column + 0.5) / len(names), 40 + STEP * row)
        for row, names in enumerate(ROWS)
        for column, name in enumerate(names)
    }


def arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A curve from the lower edge of a box to the upper edge of one below."""
    x, y, to_x, to_y = start[0], start[1] + BOX[1] / 2, end[0], end[1] - BOX[1] / 2
    bend = (to_y - y) / 2
    path = f"M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} "
    path += f"{to_x:.0f} {to_y:.0f}"
    return f'<path d="{path}" fill="none" stroke="#7a8696" marker-end="url(#tip)"/>'


def drawn() -> str:
    """The map as SVG."""
    places, edges = middles(), reduced(graph())
    wide, high = BOX
    height = STEP * len(ROWS)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    tip = 'viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
        f'<marker id="tip" {tip}><path d="M0 0L8 4L0 8z" fill="#7a8696"/></marker>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for row, (fill, (title, _)) in enumerate(GROUPS.items()):
        y = 30 + 24 * row
        parts.append(
            f'<rect x="8" y="{y - 10}" width="14" height="14" fill="{fill}" stroke="#888"/>'
        )
        parts.append(f'<text x="28" y="{y + 2}" fill="#333">{escape(title, quote=False)}</text>')
    for name in places:
        parts += [arrow(places[name], places[other]) for other in sorted(edges[name])]
    for name, (x, y) in places.items():
        fill = next((fill for fill, (_, names) in GROUPS.items() if name in names), "#eeeeee")
        parts.append(
            f'<rect x="{x - wide / 2:.0f}" y="{y - high / 2:.0f}" width="{wide}" height="{high}" '
            f'rx="5" fill="{fill}" stroke="#4a5568"/>'
        )
        parts.append(
            f'<text x="{x:.0f}" y="{y + 4.5:.0f}" text-anchor="middle" fill="#10243e">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    MAP.write_text(drawn())
    print(MAP)
