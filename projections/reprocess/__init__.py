"""Reprocess: FRAMES once more, at full speed, into a generation of its own beside the live one."""

from projections.reprocess.run import Progress, Reprocessed, reprocess

__all__ = ["Progress", "Reprocessed", "reprocess"]
