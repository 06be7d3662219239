"""The verdicts, counted by kind and mutation, as a table for people."""

import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from tests.fuzz.runner import FAULTS, OPENED, REFUSED

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
MARKERS = "<!-- table -->\n", "<!-- /table -->\n"
_LIBRARIES = ("torch", "numpy", "pillow", "tensorboard", "protobuf", "safetensors", "spikingjelly")

Counts = Mapping[tuple[str, str], Counter[str]]


def table(counts: Counts, seed: int) -> str:
    """Markdown: the libraries' versions, and a row for each mutation that had inputs."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    rows = [(*key, count) for key, count in counts.items() if count]
    total = sum((count for _, _, count in rows), Counter())
    return "\n".join(
        (
            f"Seed {seed}; Python {platform.python_version()}, {libraries}.",
            "",
            "| kind | mutation | inputs | opened | refused | faults |",
            "|---|---|--:|--:|--:|--:|",
            *(_row(*row) for row in (*rows, ("all", "", total))),
            "",
        )
    )


def _row(kind: str, mutation: str, count: Counter[str]) -> str:
    faults = sum(count[fault] for fault in FAULTS)
    numbers = (count.total(), count[OPENED], count[REFUSED], faults)
    return f"| {kind} | {mutation} | {' | '.join(f'{number:,}' for number in numbers)} |"


def write(text: str) -> None:
    """Put `text` between the markers of the documentation."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(MARKERS[0])
    _, _, after = rest.partition(MARKERS[1])
    PAGE.write_text(f"{before}{MARKERS[0]}\n{text}\n{MARKERS[1]}{after}", encoding="utf-8")
