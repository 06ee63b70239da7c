"""The report of a flight: one HTML file that needs nothing else to be read.

`gather` asks the query service, `plots` and `timeline` are pure and make of the answers what is
drawn, `render` writes the page (`page.html`, `page.css`) with everything escaped.
"""

from projections.report.flight import Flight
from projections.report.gather import Ask, gather
from projections.report.render import render

__all__ = ["Ask", "Flight", "gather", "render"]
