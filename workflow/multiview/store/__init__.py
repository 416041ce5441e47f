"""Artifacts on disk: their columns, their provenance and digests, and how they are written and read."""
