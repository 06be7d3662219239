"""A folder of output as one run's: locked, marked until it is whole, and listed at its end.

Each kind of run (an export, an analysis, ...) keeps its own list of files in a folder, and touches
no other's: several kinds may share one. While a run writes, a hidden mark says which files may be
there; at its end a manifest does. So what a run that was killed or is overwritten has left is known
by name and goes before anything new appears, and what else is in the folder stays.
"""

from snnviz.folders.holding import check_folder, hold_file, hold_folder, is_untouched
from snnviz.folders.layout import FILES, Layout
from snnviz.folders.output import OutputFolder

__all__ = [
    "FILES",
    "Layout",
    "OutputFolder",
    "check_folder",
    "hold_file",
    "hold_folder",
    "is_untouched",
]
