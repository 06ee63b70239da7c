"""Telecommands: definitions, life as events, audit."""
