"""Columns of every kind of artifact, in order, each with its type: the schema of the project's tables."""

from typing import Any

import pyarrow as pa

VECTORS = {"float32[]": pa.float32(), "uint8[]": pa.uint8()}
"""Types of columns that have a vector in every row, all of one length, and the types of its numbers."""


def _columns(text: str) -> dict[str, Any]:
    """From ``name type, name type, ...``; types are Arrow's, or in `VECTORS`."""
    pairs = (column.split() for column in text.split(","))
    return {name: type_ if type_ in VECTORS else pa.type_for_alias(type_) for name, type_ in pairs}


_SAMPLE = "split string, sample int32"
_SCORE = (
    "study string, predictor string, quantity string, measured float64, low float64, high float64, n_seeds int32, "
    "n_samples int32, scope string"
)
_OF_VIEW = "seed int64, class int16, view int8"

_TEXTS = {
    # What the dataset is. `kind` is multi-view or single-view, `strong_view` 1 or 2 (0: multi-view).
    "samples": f"{_SAMPLE}, label int16, kind string, strong_view int8",
    "inputs": f"{_SAMPLE}, x float32[]",
    "images": f"{_SAMPLE}, x uint8[]",
    "patches": f"{_SAMPLE}, patch int16, class int16, view int8, z float32",
    "views": "class int16, view int8, v float32[]",
    # The outputs of a predictor: `member` is the seed of a single network.
    "logits": f"predictor string, member int64, {_SAMPLE}, logits float32[]",
    # How training went, a row for every recorded step and kind of sample; `step_size` is the eta taken from there.
    "history": "seed int64, step int32, kind string, loss float64, accuracy float64, step_size float64",
    "outcome": "seed int64, steps int32, converged bool, train_loss float64, train_accuracy float64",
    "strengths": f"{_OF_VIEW}, step int32, phi float32",
    # Of each network of an average that was trained end to end, at the end.
    "member_strengths": f"{_OF_VIEW}, member int32, phi float32",
    "start": f"{_OF_VIEW}, lambda float64, s float64",
    "weights": "seed int64, class int16, neuron int16, w float32[]",
    # Ensembles and what is measured of every predictor.
    "members": "size int32, ensemble int32, seed int64",
    "ensemble_errors": "size int32, ensemble int32, split string, error float64",
    # `split` is empty and `mu` the share of single-view samples where those of both kinds are put together.
    "scores": f"{_SCORE}, size int32, split string, mu float64, n_ensembles int32, interval string",
    "lottery": (
        f"{_OF_VIEW}, lambda float64, s float64, ticket float64, phi float64, "
        "learned bool, won bool, predicted bool"
    ),
    "learned": f"predictor string, {_OF_VIEW}, phi float32, learned bool",
    # Soft labels of class j on multi-view samples of other classes, by how many views of j they carry that the
    # teacher has and has not learned. `role` is teacher, student or before (its own hard-label training);
    # the interval is that of `excess`, the soft label relative to that on samples without a view of j, less 1.
    "dark_knowledge": (
        "predictor string, role string, carried_learned int8, carried_not_learned int8, soft_label float64, "
        "excess float64, low float64, high float64, n_seeds int32, n_cells int64"
    ),
    # Of studies on images. `copies`: the logits of a network on augmented copies of the training images.
    # `trials`: what students tried on the validation split; `choice`: which pair was chosen.
    "copies": "predictor string, member int64, copy int16, sample int32, logits float32[]",
    "trials": "alpha float64, temperature float64, seed int64, accuracy float64, nll float64",
    "choice": "alpha float64, temperature float64, accuracy float64, nll float64, n_seeds int32, chosen bool",
    # Shares of the test samples on which two single networks name one class, and on which both are wrong.
    "agreement": "seed int64, other int64, same float64, both_wrong float64",
    # Of students: the share of samples on which they name their teacher's class. Of ensembles: the error of
    # averages of logits and of probabilities, and the latter minus the former.
    "fidelity": (
        "predictor string, split string, accuracy float64, agreement float64, low float64, high float64, "
        "scope string, n_seeds int32, n_samples int32"
    ),
    "averages": (
        "size int32, split string, of_logits float64, of_probabilities float64, difference float64, low float64, "
        "high float64, scope string, n_ensembles int32, n_samples int32"
    ),
    # Of families of studies: accuracies and the ensemble's gain in each cell; what each row loses to the first.
    "gains": (
        "row string, column string, single float64, ensemble float64, gain float64, low float64, high float64, "
        "scope string, size int32, n_seeds int32, n_samples int32"
    ),
    "losses": (
        "row string, predictor string, error float64, low float64, high float64, loss float64, loss_low float64, "
        "loss_high float64, scope string, size int32, n_seeds int32"
    ),
    # Of features: their similarity (linear CKA) between seeds, trained or not; what excites a channel, best first,
    # with rank 0 for the optimised image.
    "similarity": "trained bool, seed int64, other int64, cka float64",
    "exciting": "class int16, seed int64, channel int32, rank int32, activation float64, label int16, x uint8[]",
    "headline": (
        "study string, predictor string, accuracy float64, spread float64, low float64, high float64, "
        "n_seeds int32, size int32"
    ),
    # What the paper's statements are about, by name of the statement, a row for every confidence. `runs`: the
    # fewest networks that it rests on; `more_training`: the key of the config that makes them fit.
    "measures": (
        "study string, claim string, predictor string, other string, size int32, error string, n_seeds int32, "
        "n_samples int32, runs int32, training_accuracy float64, more_training string, confidence float64, "
        "measured float64, low float64, high float64, scope string, method string"
    ),
    "verdicts": (
        f"{_SCORE}, part string, claim string, claim_low float64, claim_high float64, method string, runs int32, "
        "premise string, verdict string, p_at_most float64, stays_decided bool"
    ),
}

KINDS: dict[str, dict[str, Any]] = {kind: _columns(text) for kind, text in _TEXTS.items()}
"""Columns of every kind of artifact, in order."""
