#!/usr/bin/env bash
# torch's SummaryWriter names a file of events after the second in which it was begun, then host, process and a
# counter; TensorBoard 2.21.0 reads the files of a folder in the order of these names, as text. A training that
# is resumed (purge_step) within the second in which it was begun, by a process whose number has one digit more,
# has the later file read first: its START record voids nothing, and the START record of the earlier run, read
# last, voids all that the resumed run logged, without a word.
#
# Seen: epochs 0 to 3 by process 9999, resumed at 4 by process 10000 within one second: the accumulator returns
# steps 0 to 3 where it should return 0 to 7.
# The names are given here as those two processes would give them, so that the script need not wait for chance.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q tensorboard==2.21.0 torch==2.14.1 'setuptools<81'
cd "$work"
venv/bin/python - <<'PYTHON' 2>errors || { cat errors >&2; exit 1; }
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

run = Path("run")


def log(first, last):
    before = set(run.glob("*"))
    writer = SummaryWriter(str(run), purge_step=first)
    for epoch in range(first, last):
        writer.add_scalar("test_acc", 0.5, epoch)
    writer.close()
    (new,) = set(run.glob("*")) - before
    return new


def steps():
    accumulator = EventAccumulator(str(run))
    accumulator.Reload()
    return [event.step for event in accumulator.Scalars("test_acc")]


begun, resumed = log(0, 4), log(4, 8)
second = begun.name.split(".")[3]
for path, process in ((begun, 9999), (resumed, 10000)):
    path.rename(run / f"events.out.tfevents.{second}.host.{process}.0")
print("begun and resumed in one second, by processes 9999 and 10000:", steps())
assert steps() == [0, 1, 2, 3], "the resumed run's epochs are void"
(run / f"events.out.tfevents.{second}.host.10000.0").rename(
    run / f"events.out.tfevents.{int(second) + 1}.host.10000.0"
)
print("resumed one second later:", steps())
assert steps() == list(range(8)), "a second later they are all there"
PYTHON
