"""One page that shows an encoder, live: a self-contained HTML file, or a widget of a notebook."""

from snnviz.report.comparing import Compared
from snnviz.report.explaining import Answering
from snnviz.report.facts import collect_facts
from snnviz.report.notebook import widget
from snnviz.report.packing import Block
from snnviz.report.page import embedded, render_page, write_report
from snnviz.report.payload import About, report_data
from snnviz.report.scores import read_scorecard
from snnviz.report.training import Training, spread

__all__ = [
    "About",
    "Answering",
    "Block",
    "Compared",
    "Training",
    "collect_facts",
    "embedded",
    "read_scorecard",
    "render_page",
    "report_data",
    "spread",
    "widget",
    "write_report",
]
