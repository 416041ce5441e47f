"""Datasets: a file each, drawn or read, augmented, and told apart by a digest."""
