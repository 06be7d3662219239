"""How good is an encoder? All metrics of it and of what it is compared with, and their tables."""

from snnviz.analysis.analyzing import Analysis, analyze
from snnviz.analysis.coders import Coder, baseline_coders, encoder_coder
from snnviz.analysis.scorecard import SCORES, Score
from snnviz.analysis.tables import write_tables

__all__ = [
    "SCORES",
    "Analysis",
    "Coder",
    "Score",
    "analyze",
    "baseline_coders",
    "encoder_coder",
    "write_tables",
]
