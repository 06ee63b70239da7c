"""Toolkit, embedded servers, composition root and command line."""
