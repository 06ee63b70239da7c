"""The questions that the query service answers; each module builds one from the projections."""
