"""Replay: a stretch of a flight played again as if live, on subjects of its own."""
