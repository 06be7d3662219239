"""How good is an encoder? All metrics of it and of what it is compared with, and their tables."""

from snnviz.analysis.analyzing import Analysis, analyze
from snnviz.analysis.coders import Coder, encoder_coder, pixel_coders
from snnviz.analysis.measuring import Measured
from snnviz.analysis.scorecard import SCORES, Score
from snnviz.analysis.tables import write_tables
from snnviz.analysis.text import scorecard_markdown, scorecard_text
from snnviz.analysis.within import InNetwork
from snnviz.analysis.writing import ANALYSIS, write_analysis

__all__ = [
    "ANALYSIS",
    "SCORES",
    "Analysis",
    "Coder",
    "InNetwork",
    "Measured",
    "Score",
    "analyze",
    "encoder_coder",
    "pixel_coders",
    "scorecard_markdown",
    "scorecard_text",
    "write_analysis",
    "write_tables",
]
