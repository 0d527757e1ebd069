"""One self-contained HTML page about a run: figures, plots, every failure with its SQL and result beside the gold's.

Loads nothing when it is read: no script, no font, no image, no address. All that records hold is untrusted text.
"""

from eval.report.page import html

__all__ = ["html"]
