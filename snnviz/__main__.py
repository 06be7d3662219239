"""`python -m snnviz` is the console script `snnviz`."""

from snnviz.cli import main

main()
