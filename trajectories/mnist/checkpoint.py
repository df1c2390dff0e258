"""Checkpoints: all of a run in one file, so that an interrupted run goes on as if it had not been.

A checkpoint is a NumPy archive without pickled objects: reading one runs no code.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trajectories.archive import load_archive, refusal
from trajectories.atomic import check_target, replacing
from trajectories.mnist.draws import rng_state, set_rng_state
from trajectories.mnist.layers import Array
from trajectories.optimizers.record import to_record
from trajectories.same_settings import check_same, flat
from trajectories.validation import integer, must

if TYPE_CHECKING:
    from trajectories.mnist.trainer import Trainer

__all__ = [
    "State",
    "check_sum",
    "identity",
    "load_state",
    "read_checkpoint",
    "settings_of",
    "state_of",
    "write_checkpoint",
]

_FORMAT, _WHAT = "trajectories checkpoint 1", "checkpoint"


class State(NamedTuple):
    """All that a run has changed: plain data, and arrays by "part/name"."""

    about: dict[str, Any]
    arrays: dict[str, Array]


def check_sum(*arrays: Array) -> str:
    """Return a sum that tells arrays apart: CRC-32 of their bytes, one after the other."""
    total = 0
    for array in arrays:
        total = zlib.crc32(np.ascontiguousarray(array).data, total)
    return f"{total:08x}"


def settings_of(trainer: Trainer, seed: Any) -> dict[str, Any]:
    """Return what is run, as JSON can hold it."""
    try:
        optimizer = to_record(trainer.optimizer, own=True)
    except ValueError:  # Python functions cannot be written, but can be used.
        optimizer = {"name": trainer.optimizer.name, "repr": repr(trainer.optimizer)}
    calendar = trainer.calendar
    return {
        "network": trainer.network.settings,
        "optimizer": optimizer,
        "images": len(trainer.images),
        "scale": trainer.scale,
        "batch_size": calendar.batch_size,
        "iterations": calendar.iterations,
        "evaluate": {name: len(labels) for name, (_, labels) in trainer.evaluate.items()},
        "evaluate_every": calendar.every,
        "seed": int(seed) if isinstance(seed, (int, np.integer)) else None,
    }


def identity(trainer: Trainer) -> dict[str, Any]:
    """Return what tells a run, before its first step, from others: settings, data and start."""
    if trainer.checkpoint is not None:
        check_target(trainer.checkpoint)
    to_record(trainer.optimizer, own=True)
    pairs = [(trainer.images, trainer.labels), *trainer.evaluate.values()]
    first = repr(rng_state(trainer.rng)).encode()
    return {
        **trainer.settings,
        "snapshot_every": trainer.snapshot_every,
        "data": check_sum(*(array for pair in pairs for array in pair)),
        "the first weights' sum": check_sum(trainer.network.flat_params),
        "the generator's sum": check_sum(np.frombuffer(first, np.uint8)),
    }


def state_of(trainer: Trainer) -> State:
    """Return copies of all that a run has changed."""
    about, arrays = trainer.progress.state()
    parts = {
        "progress": arrays,
        "network": trainer.network.state(),
        "optimizer": trainer.optimizer.state(),
    }
    generators = {"rng": rng_state(trainer.rng), "network_rng": rng_state(trainer.network.rng)}
    named = {f"{part}/{k}": v for part, found in parts.items() for k, v in found.items()}
    return State({"progress": about, **generators}, named)


def load_state(trainer: Trainer, state: State) -> None:
    """Put a run, and its network, where `state_of` told of."""
    about, arrays = state
    parts: dict[str, dict[str, Array]] = {"progress": {}, "network": {}, "optimizer": {}}
    for path, array in arrays.items():
        part, _, name = path.partition("/")
        parts[part][name] = array
    trainer.network.load_state(parts["network"])
    trainer.optimizer.load_state(parts["optimizer"])
    trainer.progress.load_state(about["progress"], parts["progress"])
    set_rng_state(trainer.rng, about["rng"])
    set_rng_state(trainer.network.rng, about["network_rng"])
    trainer.bind()


def write_checkpoint(
    path: str | os.PathLike[str], trainer: Trainer, whose: Mapping[str, Any]
) -> None:
    """Write all of a run into one file; an old one stays whole until the new one is."""
    about, arrays = state_of(trainer)
    text = json.dumps({"format": _FORMAT, "identity": whose, **about})
    with replacing(path) as file:
        np.savez(file, about=np.array(text), **arrays)  # type: ignore[arg-type]


def read_checkpoint(
    path: str | os.PathLike[str], trainer: Trainer, whose: Mapping[str, Any]
) -> None:
    """Put a run where the checkpoint left it."""

    def made(about: dict[str, Any], arrays: dict[str, Array]) -> tuple[dict[str, Any], State]:
        return flat(about["identity"]), State(about, arrays)

    theirs, state = load_archive(path, _WHAT, made, form=_FORMAT)
    mine = flat(json.loads(json.dumps(whose)))
    advice = "Choose another file, or delete it."
    check_same(path, "the checkpoint of another run", theirs, mine, advice)
    before = state_of(trainer)
    try:
        _check_shapes(trainer, state)
        load_state(trainer, state)
        _ = trainer.history  # Curves of different lengths are no history.
    except Exception as error:  # It may hold anything; what there was is put back.
        load_state(trainer, before)
        raise refusal(path, _WHAT, error) from error


def _check_shapes(trainer: Trainer, state: State) -> None:
    """Raise if an array is not of its shape: NumPy would stretch some to it."""
    iteration, total = state.about["progress"]["iteration"], len(trainer.progress.losses)
    if integer("iteration", iteration, 0) > total:
        raise must("iteration", f"at most {total:,}", iteration)
    params = trainer.network.flat_params.shape
    for path, array in state.arrays.items():
        found, wanted = array.shape, array.shape
        if path == "progress/losses":
            wanted = (iteration,)
        elif path == "progress/snapshots":
            wanted = (*found[:1], *params)
        elif path.startswith("optimizer/") and found:  # Else one number.
            wanted = params
        if found != wanted:
            raise must(path, f"of shape {wanted}", found)
