"""`python -m snnviz` is the console script `snnviz`."""

from snnviz.cli import main

# Worker processes import this module again under another name.
if __name__ == "__main__":
    main()
