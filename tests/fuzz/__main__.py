"""Read broken and hostile files, each in a process of its own with limits, and count what happens.

    python -m tests.fuzz [--count N] [--seed SEED] [--write] [--json FILE]

Prints a table of mutations and verdicts, then each fault; ends with 1 where there is one. Linux.
"""

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.inputs import MUTATIONS
from tests.fuzz.runner import FAULTS
from tests.fuzz.session import outcomes
from tests.fuzz.table import table, write


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=1000, help="how many inputs (1000)")
    parser.add_argument("--seed", type=int, default=0, help="what they are made from (0)")
    parser.add_argument("--write", action="store_true", help="put the table into the documentation")
    parser.add_argument("--json", type=Path, help="a file for a line about each input")
    options = parser.parse_args()

    counts = {(kind, name): Counter() for kind, names in MUTATIONS.items() for name in names}
    said, start = [], time.perf_counter()
    for made, outcome in outcomes(options.seed, range(options.count)):
        counts[made.kind, made.mutation][outcome.verdict] += 1
        about = {name: value for name, value in vars(made).items() if name != "files"}
        said.append(about | asdict(outcome))
    text = table(counts, options.seed)
    faults = [about for about in said if about["verdict"] in FAULTS]
    print(text)
    for about in faults:
        print("{number}: {kind}, {mutation}: {verdict}: {detail}".format(**about))
    print(f"{options.count} inputs in {time.perf_counter() - start:.0f} s, {len(faults)} faults")
    if options.json:
        options.json.write_text("".join(f"{json.dumps(about)}\n" for about in said))
    if options.write:
        write(text)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
