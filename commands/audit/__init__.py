"""Audit: proves from the streams alone that nothing in them was changed, and exports that proof, signed."""
