"""Figures: a file each, from tables alone."""
