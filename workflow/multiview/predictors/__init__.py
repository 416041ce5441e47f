"""Predictors: logits for samples, of single networks, ensembles and teachers."""
