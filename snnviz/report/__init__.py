"""One page that shows an encoder, live: a self-contained HTML file, or a widget of a notebook."""

from snnviz.report.facts import collect_facts
from snnviz.report.packing import Block
from snnviz.report.page import embedded, render_page, write_report
from snnviz.report.payload import About, report_data

__all__ = [
    "About",
    "Block",
    "collect_facts",
    "embedded",
    "render_page",
    "report_data",
    "write_report",
]
