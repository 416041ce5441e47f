"""Columns of every kind of artifact, in order: the schema of the project's tables."""

from typing import Any

import numpy as np
import pyarrow as pa

VECTOR = "vector of float32"
"""Column type: a float32 vector in every row, all of one length."""
BYTES = "vector of uint8"
"""Column type: likewise of bytes."""

VECTORS = {VECTOR: (np.float32, pa.float32()), BYTES: (np.uint8, pa.uint8())}

_SAMPLE = {"split": pa.string(), "sample": pa.int32()}
_SCORE = {
    "study": pa.string(),
    "predictor": pa.string(),
    "quantity": pa.string(),
    "measured": pa.float64(),
    "low": pa.float64(),
    "high": pa.float64(),
    "n_seeds": pa.int32(),
    "n_samples": pa.int32(),
    "scope": pa.string(),
}
_OF_VIEW = {"seed": pa.int64(), "class": pa.int16(), "view": pa.int8()}

KINDS: dict[str, dict[str, Any]] = {
    # What the dataset is. `kind` is multi-view or single-view, `strong_view` 1 or 2 (0: multi-view).
    "samples": _SAMPLE | {"label": pa.int16(), "kind": pa.string(), "strong_view": pa.int8()},
    "inputs": _SAMPLE | {"x": VECTOR},
    "images": _SAMPLE | {"x": BYTES},
    "patches": _SAMPLE | {"patch": pa.int16(), "class": pa.int16(), "view": pa.int8(), "z": pa.float32()},
    "views": {"class": pa.int16(), "view": pa.int8(), "v": VECTOR},
    # What a predictor says: `member` is the seed of a single network.
    "logits": {"predictor": pa.string(), "member": pa.int64()} | _SAMPLE | {"logits": VECTOR},
    # How training went, a row for every step and kind of sample; `step_size` is the eta taken from there.
    "history": {
        "seed": pa.int64(),
        "step": pa.int32(),
        "kind": pa.string(),
        "loss": pa.float64(),
        "accuracy": pa.float64(),
        "step_size": pa.float64(),
    },
    "outcome": {
        "seed": pa.int64(),
        "steps": pa.int32(),
        "converged": pa.bool_(),
        "train_loss": pa.float64(),
        "train_accuracy": pa.float64(),
    },
    "strengths": _OF_VIEW | {"step": pa.int32(), "phi": pa.float32()},
    # Of each network of an average that was trained end to end, at the end.
    "member_strengths": _OF_VIEW | {"member": pa.int32(), "phi": pa.float32()},
    "start": _OF_VIEW | {"lambda": pa.float64(), "s": pa.float64()},
    "weights": {"seed": pa.int64(), "class": pa.int16(), "neuron": pa.int16(), "w": VECTOR},
    # Ensembles and what is measured of every predictor.
    "members": {"size": pa.int32(), "ensemble": pa.int32(), "seed": pa.int64()},
    "ensemble_errors": {
        "size": pa.int32(),
        "ensemble": pa.int32(),
        "split": pa.string(),
        "error": pa.float64(),
    },
    # `split` is empty and `mu` the share of single-view samples where those of both kinds are put together.
    "scores": _SCORE
    | {
        "size": pa.int32(),
        "split": pa.string(),
        "mu": pa.float64(),
        "n_ensembles": pa.int32(),
        "interval": pa.string(),
    },
    "lottery": _OF_VIEW
    | {
        "lambda": pa.float64(),
        "s": pa.float64(),
        "ticket": pa.float64(),
        "phi": pa.float64(),
        "learned": pa.bool_(),
        "won": pa.bool_(),
        "predicted": pa.bool_(),
    },
    "learned": {"predictor": pa.string()} | _OF_VIEW | {"phi": pa.float32(), "learned": pa.bool_()},
    # Soft labels of class j on multi-view samples of other classes, by how many views of j they carry that the
    # teacher has and has not learned. `role` is teacher, student or before (its own hard-label training);
    # the interval is that of `excess`, the soft label relative to that on samples without a view of j, less 1.
    "dark_knowledge": {
        "predictor": pa.string(),
        "role": pa.string(),
        "carried_learned": pa.int8(),
        "carried_not_learned": pa.int8(),
        "soft_label": pa.float64(),
        "excess": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "n_seeds": pa.int32(),
        "n_cells": pa.int64(),
    },
    # Of studies on images. `copies`: what a network says of augmented copies of the training images. `trials`:
    # what students tried on the validation split; `choice`: which pair was chosen.
    "copies": {
        "predictor": pa.string(),
        "member": pa.int64(),
        "copy": pa.int16(),
        "sample": pa.int32(),
        "logits": VECTOR,
    },
    "trials": {
        "alpha": pa.float64(),
        "temperature": pa.float64(),
        "seed": pa.int64(),
        "accuracy": pa.float64(),
        "nll": pa.float64(),
    },
    "choice": {
        "alpha": pa.float64(),
        "temperature": pa.float64(),
        "accuracy": pa.float64(),
        "nll": pa.float64(),
        "n_seeds": pa.int32(),
        "chosen": pa.bool_(),
    },
    # Shares of the test samples on which two single networks name one class, and on which both are wrong.
    "agreement": {"seed": pa.int64(), "other": pa.int64(), "same": pa.float64(), "both_wrong": pa.float64()},
    # Of students: the share of samples on which they name their teacher's class. Of ensembles: the error of
    # averages of logits and of probabilities, and the latter minus the former.
    "fidelity": {
        "predictor": pa.string(),
        "split": pa.string(),
        "accuracy": pa.float64(),
        "agreement": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "scope": pa.string(),
        "n_seeds": pa.int32(),
        "n_samples": pa.int32(),
    },
    "averages": {
        "size": pa.int32(),
        "split": pa.string(),
        "of_logits": pa.float64(),
        "of_probabilities": pa.float64(),
        "difference": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "scope": pa.string(),
        "n_ensembles": pa.int32(),
        "n_samples": pa.int32(),
    },
    # Of families of studies: accuracies and the ensemble's gain in each cell; what each row loses to the first.
    "gains": {
        "row": pa.string(),
        "column": pa.string(),
        "single": pa.float64(),
        "ensemble": pa.float64(),
        "gain": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "scope": pa.string(),
        "size": pa.int32(),
        "n_seeds": pa.int32(),
        "n_samples": pa.int32(),
    },
    "losses": {
        "row": pa.string(),
        "predictor": pa.string(),
        "error": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "loss": pa.float64(),
        "loss_low": pa.float64(),
        "loss_high": pa.float64(),
        "scope": pa.string(),
        "size": pa.int32(),
        "n_seeds": pa.int32(),
    },
    # Of features: their similarity (linear CKA) between seeds, trained or not; what excites a channel, best first,
    # with rank 0 for the optimised image.
    "similarity": {"trained": pa.bool_(), "seed": pa.int64(), "other": pa.int64(), "cka": pa.float64()},
    "exciting": {
        "class": pa.int16(),
        "seed": pa.int64(),
        "channel": pa.int32(),
        "rank": pa.int32(),
        "activation": pa.float64(),
        "label": pa.int16(),
        "x": BYTES,
    },
    "headline": {
        "study": pa.string(),
        "predictor": pa.string(),
        "accuracy": pa.float64(),
        "spread": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "n_seeds": pa.int32(),
        "size": pa.int32(),
    },
    # What the paper's statements are about, by name of the statement, a row for every confidence. `runs`: the
    # fewest networks that it rests on; `more_training`: the key of the config that makes them fit.
    "measures": {
        "study": pa.string(),
        "claim": pa.string(),
        "predictor": pa.string(),
        "other": pa.string(),
        "size": pa.int32(),
        "error": pa.string(),
        "n_seeds": pa.int32(),
        "n_samples": pa.int32(),
        "runs": pa.int32(),
        "training_accuracy": pa.float64(),
        "more_training": pa.string(),
        "confidence": pa.float64(),
        "measured": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "scope": pa.string(),
        "method": pa.string(),
    },
    "verdicts": _SCORE
    | {
        "part": pa.string(),
        "claim": pa.string(),
        "claim_low": pa.float64(),
        "claim_high": pa.float64(),
        "method": pa.string(),
        "runs": pa.int32(),
        "premise": pa.string(),
        "verdict": pa.string(),
        "p_at_most": pa.float64(),
        "stays_decided": pa.bool_(),
    },
}
"""Columns of every kind of artifact, in order."""
