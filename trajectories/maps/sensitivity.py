"""Which settings work: many descents over one hyperparameter or two, as one batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.arrays import to_plain
from trajectories.descent import compare
from trajectories.maps.blocks import run_blocks
from trajectories.maps.outcomes import MEASURES, STATUSES, Choices, Sensitivity
from trajectories.maps.settings import generator, settled
from trajectories.names import resolve, unknown
from trajectories.optimizers import Rule
from trajectories.surfaces import as_surface
from trajectories.validation import floats, must

__all__ = ["checked_axes", "compare_rates", "run_choices", "sensitivity"]

Array = NDArray[np.float64]


def sensitivity(
    surface: Any,
    optimizer: Any,
    start: ArrayLike | None = None,
    steps: int = 100,
    *,
    noise: float = 0.0,
    rng: Any = None,
    tolerance: float | None = None,
    measure: str = "loss",
    block: int | None = None,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    label: str | None = None,
    **axes: ArrayLike,
) -> Sensitivity:
    """Find out how a descent ends for every value of one hyperparameter, or pair of two.

    All cells run as one batch, block by block, through the optimizer's own update.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula.
    optimizer : Optimizer, str or type
        An optimizer or its spec string, with plain numbers for hyperparameters.
    start : array_like, shape (2,), optional
        By default the surface's own.
    steps : int, default 100
        How many updates.
    noise : float, default 0
        The standard deviation of Gaussian noise added to each component of each gradient. Each
        cell has its own.
    rng : int, numpy.random.Generator or None
        Seed of whatever is random; needed for that if there is a `folder`.
    tolerance : float, optional
        A path whose gradient has at most this norm has converged, and moves no more.
    measure : {"loss", "steps"}, default "loss"
        What to find: f after the last step, or the step at which the gradient's norm has come
        down to the tolerance.
    block : int, optional
        How many cells run together; by default 16,384, or as few as can be run again with all
        steps in memory if something is random. What is random is drawn block by block.
    n_jobs : int or None, default 1
        In how many processes, through joblib. None leaves that, and the backend, to a surrounding
        ``joblib.parallel_config``.
    folder : str or os.PathLike, optional
        Where to keep each block as soon as it has run; the same call goes on from there after it
        was interrupted.
    progress : bool, default False
        Whether to show a progress bar on stderr, if that is a terminal.
    label : str, optional
        What legends call it; by default the optimizer's class.
    **axes : array_like, shape (n,)
        One or two hyperparameters of the optimizer, each with the values that it is to have.

    Examples
    --------
    >>> found = sensitivity("sphere", "sgd", lr=np.linspace(0.1, 0.5, 5), steps=10)
    >>> found.best, found.trajectory(4).steps
    ({'lr': 0.5}, 10)
    """
    settings = settled(
        surface,
        optimizer,
        start,
        steps,
        noise=noise,
        rng=rng,
        tolerance=tolerance,
        kept=folder is not None,
    )
    measure = resolve("measure", measure, MEASURES)
    if measure == "steps" and tolerance is None:
        raise must("tolerance", "given if steps are what is measured", tolerance)
    ticks = checked_axes(settings.optimizer, axes)
    shape = tuple(len(values) for values in ticks.values())
    name = type(settings.optimizer).__name__ if label is None else str(label)
    cells = Choices(settings, shape, ticks, measure)
    how: dict[str, Any] = {"n_jobs": n_jobs, "folder": folder, "progress": progress}
    return run_choices(cells, cells.block(block), name, **how)


def run_choices(
    cells: Choices,
    block: int,
    label: str,
    *,
    n_jobs: int | None = 1,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Sensitivity:
    """Run all cells of a map over hyperparameters."""
    plan = None
    if folder is not None:
        plain = {name: to_plain(values) for name, values in cells.axes.items()}
        plan = {
            "settings": cells.settings.to_dict(own=True),
            "axes": plain,
            "measure": cells.measure,
        }
    found = run_blocks(
        cells, cells.count, block, n_jobs=n_jobs, folder=folder, plan=plan, progress=progress
    )
    return Sensitivity(
        settings=cells.settings,
        axes=cells.axes,
        measure=cells.measure,
        values=found["values"].reshape(cells.shape),
        status=STATUSES[found["codes"]].reshape(cells.shape),
        label=label,
        block=block,
    )


def compare_rates(
    surface: Any,
    optimizers: Iterable[Any] | Mapping[str, Any],
    lr: ArrayLike | None = None,
    start: ArrayLike | None = None,
    steps: int = 100,
    **settings: Any,
) -> list[Sensitivity]:
    """Find out how several optimizers end for every learning rate, from the same start.

    Parameters
    ----------
    surface, start, steps
        As for `sensitivity`.
    optimizers : iterable, or mapping of str
        Optimizers, spec strings or classes; a mapping gives their labels too.
    lr : array_like, shape (n,), optional
        The learning rates; by default 241 from 0.0001 to 100.
    **settings
        Any other argument of `sensitivity` but `label`.

    Returns
    -------
    list of Sensitivity
        One for each, in the order given. `Sensitivity.baseline` is the path of the optimizer as
        it was given, with its own learning rate.

    Examples
    --------
    >>> found = compare_rates("sphere", ["sgd", "adam"], np.geomspace(1e-3, 1, 31), steps=20)
    >>> [(one.label, round(one.best["lr"], 3)) for one in found]
    [('SGD', 0.501), ('Adam', 0.2)]
    """
    if "label" in settings:
        raise must("label", "left out: a mapping of optimizers gives labels", settings["label"])
    rates = np.geomspace(1e-4, 100, 241) if lr is None else lr
    seed = int(generator(settings.pop("rng", None)).integers(2**63))
    surface = as_surface(surface)
    return [
        sensitivity(
            surface, one.optimizer, start, steps, rng=seed, label=one.label, **settings, lr=rates
        )
        for one in compare(surface, optimizers, steps=1)
    ]


def checked_axes(optimizer: Rule, axes: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Return the axes of a map as arrays, if the optimizer takes them."""
    if not 1 <= len(axes) <= 2:
        raise must("axes", "one hyperparameter or two, such as lr=[...]", list(axes))
    known = optimizer.hyperparameters
    checked: dict[str, Array] = {}
    for name, given in axes.items():
        if name not in known:
            raise unknown(f"hyperparameter of {optimizer.name}", name, known)
        values = floats(name, given)
        if values.ndim != 1 or len(values) < 2 or not (np.diff(values) > 0).all():
            raise must(name, "at least two numbers in ascending order", given)
        optimizer.fresh(**{name: values})  # Which says what range they must lie in.
        checked[name] = values
    return checked
