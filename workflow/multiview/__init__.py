"""The package behind the workflow: data, networks, training, evaluation, figures."""

__version__ = "0.1.0"
