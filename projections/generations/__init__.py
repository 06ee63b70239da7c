"""Generations in the tables: derive again, compare, promote, drop, verify, rebuild."""
