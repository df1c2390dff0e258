"""Search for a network's hyperparameters, as the textbook does, and further."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from trajectories.mnist.dataset import Dataset
from trajectories.mnist.network_objective import NetworkObjective
from trajectories.mnist.source import load
from trajectories.search.engine import search as search_for
from trajectories.search.result import SearchResult
from trajectories.search.trial import Trial
from trajectories.validation import UNIT, integer, must, scalar

__all__ = ["SPACE", "search"]

#: The textbook's space.
SPACE = "lr=log(1e-6, 1e-2), weight_decay=log(1e-8, 1e-4)"


def search(
    space: Any = SPACE,
    trials: int = 100,
    *,
    rounds: int = 1,
    halving: int = 2,
    data: Any = "auto",
    images: int | None = 500,
    part: float = 0.2,
    optimizer: Any = "sgd",
    hidden: Iterable[int] = (100,) * 6,
    epochs: int = 50,
    batch_size: int = 100,
    network: Mapping[str, Any] | None = None,
    rng: int = 0,
    **settings: Any,
) -> SearchResult:
    """Search for a network's hyperparameters at random, in rounds that narrow.

    They are judged on validation images, a part of the training images. In the end the winner is
    trained once more, bit for bit as before and as long, and only then judged on the test images:
    once.

    Parameters
    ----------
    space : Space, mapping, str or iterable of str
        What hyperparameters are drawn from; by default the textbook's, a learning rate of
        10**-6 to 10**-2 and a weight decay of 10**-8 to 10**-4. `NetworkObjective` lists all.
    trials : int, default 100
        How many in all.
    rounds : int, default 1
        How many rounds; after each, ranges are cut to where its best quarter lies.
    halving : int, default 2
        How often the worse half of a round is abandoned early; 0 for never, as in the textbook.
    data : Dataset, str or os.PathLike, default "auto"
        The images, or what `load` takes.
    images : int or None, default 500
        How many training images there are to train and validate on, from the first; all if there
        are fewer, or with None.
    part : float, default 0.2
        The share of them to validate on.
    optimizer, hidden, epochs, batch_size, network
        As for `NetworkObjective`.
    rng : int, default 0
        The seed of all: of the split, and with its number of each trial.
    **settings
        As for `trajectories.search.search`: journal, resume, workers, scheduler, progress.

    Returns
    -------
    SearchResult
        Its conclusion holds the winner's accuracy on the test images; None if the winner, trained
        once more on another machine than before, diverged.

    Raises
    ------
    OSError
        If there are no such images, the journal cannot be written, or another search has it.

    Examples
    --------
    >>> found = search(
    ...     "lr=log(1e-3, 1)", 8, rounds=2, data="digits", hidden=[30], epochs=4, workers=1
    ... )
    >>> len(found), found.count("abandoned"), found.best.number == found.conclusion["trial"]
    (8, 6, True)
    """
    whole = data if isinstance(data, Dataset) else load(data)
    if images is not None:
        whole = whole.subset(min(integer("images", images, 2), len(whole.train_labels)))
    count, share = len(whole.train_labels), scalar("part", part, UNIT)
    if share > 0 and count * share < 1 - 1e-9:
        raise must("images", f"enough for a share of {share:g} of them to validate on", count)
    seed = integer("rng", rng, 0)
    objective = NetworkObjective(
        whole.split(part, rng=seed),
        optimizer,
        hidden=hidden,
        epochs=epochs,
        batch_size=batch_size,
        network=network,
    )

    def judged(winner: Trial) -> dict[str, Any]:
        # If all that went further diverged, the winner is one that was abandoned: at full length
        # it would be another network than the one that was found.
        trainer = objective.trained(winner.params, winner.seed, winner.reached)
        final = trainer.history.final
        if not trainer.history.diverged:
            test = whole.test_images, whole.test_labels
            with np.errstate(all="ignore"):
                final["test"] = trainer.network.accuracy(*test, scale=whole.scale)
        return {
            "trial": winner.number,
            "reached": winner.reached,
            "images": len(whole.test_labels),
            **{name: _told(final.get(name, math.nan)) for name in ("test", "train", "validation")},
        }

    return search_for(
        objective,
        space,
        trials,
        rounds=rounds,
        halving=halving,
        rng=seed,
        conclude=judged,
        **settings,
    )


def _told(accuracy: float) -> float | None:
    """Return an accuracy as JSON can hold it: None for one that is not finite."""
    return accuracy if math.isfinite(accuracy) else None
