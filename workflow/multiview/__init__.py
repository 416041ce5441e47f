"""The package behind the workflow: a folder a room, whose first sentence says what is in it.

Rooms use those that stand before them here: config, store, runtime, data and networks with `objectives`,
predictors, training, measure, claims, figures, and `plan`. Snakemake is known to none of them but `runtime`.
"""

__version__ = "0.1.0"
