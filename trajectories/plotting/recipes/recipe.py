"""The recipe that every picture carries: what made it, as text that is data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trajectories.plotting.recipes.kinds import KINDS
from trajectories.plotting.recipes.making import FORMAT
from trajectories.plotting.recipes.remaking import (
    MOST_WORK,
    PathRecord,
    made_again,
    unpack_paths,
    unpack_surface,
)
from trajectories.plotting.recipes.results import (
    MOST_RUN,
    ResultRecord,
    results_again,
    unpack_results,
)
from trajectories.plotting.recipes.settings import unpack_settings
from trajectories.plotting.recipes.text import parsed, readable
from trajectories.plotting.writers.metadata import read_comment
from trajectories.surfaces import Surface
from trajectories.trajectory import Trajectory
from trajectories.validation import integer, must

__all__ = ["FORMAT", "Recipe", "make_recipe", "read_recipe"]

_KEYS = (
    "trajectories", "format", "kind", "surface", "descent", "paths", "results", "settings",
    "omitted",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """What made a picture, read and checked; nothing has been run or drawn.

    Parameters
    ----------
    text : str
        The recipe as it stands in the file.
    kind : str
        The function that made the picture: "animation", or the name of a plot function.
    settings : mapping
        Its keyword arguments.
    paths : sequence of PathRecord
        How each path was made.
    surface : Surface or None
        What "plot_gradient" shows.
    results : sequence of ResultRecord
        How what was found was made, if the picture shows a map or an experiment.
    version : str
        The version of the package that wrote it.
    omitted : sequence of str
        The names of settings that could not be written down.

    Examples
    --------
    >>> import trajectories as tj
    >>> moving = tj.animate(tj.compare("sphere", ["sgd:0.1", "adam:0.3"], steps=20), frames=5)
    >>> recipe = tj.Recipe.of(moving.recipe())  # Of a file `read_recipe` reads it.
    >>> recipe.kind, recipe.settings["frames"]
    ('animation', 5)
    >>> [path.label for path in recipe.again()]
    ['SGD', 'Adam']

    The picture itself, from its file:

    >>> tj.replay("path.gif", size=(1600, 1200)).save("larger.gif")  # doctest: +SKIP
    """

    text: str
    kind: str = field(compare=False)
    settings: Mapping[str, Any] = field(compare=False, repr=False)
    paths: Sequence[PathRecord] = field(compare=False, repr=False)
    surface: Surface | None = field(compare=False, repr=False)
    results: Sequence[ResultRecord] = field(compare=False, repr=False)
    version: str = field(compare=False)
    omitted: Sequence[str] = field(compare=False, repr=False)

    @classmethod
    def of(cls, text: str) -> Recipe:
        """Read and check a recipe that may come from anywhere; nothing of it is run.

        Parameters
        ----------
        text : str
            What `make_recipe` returned.

        Raises
        ------
        ValueError
            If it is anything else; the message is one line.
        """
        with readable("recipe"):
            data = parsed(text)
            version = data.get("trajectories")
            if not isinstance(version, str):
                raise must("trajectories", "the version that wrote it", version)
            if integer("format", data.get("format"), 1) > FORMAT:
                raise ValueError(f"Version {version[:40]} wrote it, and this one is too old.")
            for key in data:
                if key not in _KEYS:
                    raise ValueError(f"Nothing is known of {key[:60]!r} in it.")
            kind = data.get("kind")
            if not isinstance(kind, str) or kind not in KINDS:
                raise must("kind", f"one of {', '.join(KINDS)}", kind)
            omitted = data.get("omitted", [])
            if not isinstance(omitted, list) or not all(isinstance(n, str) for n in omitted):
                raise must("omitted", "a list of names", omitted)
            shows = KINDS[kind].shows
            return cls(
                text=text,
                kind=kind,
                settings=unpack_settings(kind, data.get("settings", {})),
                paths=unpack_paths(data) if shows == "paths" else (),
                surface=unpack_surface(data.get("surface")) if shows == "surface" else None,
                results=unpack_results(data.get("results")) if shows == "results" else (),
                version=version,
                omitted=tuple(omitted),
            )

    def trajectories(self, *, most_work: int = MOST_WORK) -> list[Trajectory]:
        """Make the paths again.

        Parameters
        ----------
        most_work : int, default 10,000,000
            How much it may be: steps of paths in all, each as often as its minibatches have
            samples.

        Returns
        -------
        list of Trajectory
            Bit for bit those of the picture, on the same version and kind of machine.

        Raises
        ------
        ValueError
            If it is more work, or if the recipe does not hold a path.

        Warns
        -----
        UserWarning
            If a path is not bit for bit the same.
        """
        with readable("recipe"):
            return made_again(self.paths, most_work)

    def again(self, *, most_work: float | None = None, data: Any = None) -> list[Any]:
        """Make again what the picture shows: paths, or results.

        Parameters
        ----------
        most_work : float, optional
            How much it may be: steps of paths in all, or what takes about as long. By default
            10,000,000 of paths, all of whose steps are kept, and 1,000,000,000 of results, of
            which few are.
        data : Dataset, str or os.PathLike, optional
            The images of an experiment, or what `trajectories.mnist.load` takes; by default those
            that are here already.

        Returns
        -------
        list
            Trajectories; or what `sensitivity`, `basins`, `tune`, an experiment, `landscape` or
            `search` returned.

        Raises
        ------
        ValueError
            If it is more work, if the recipe does not hold all of it, or if the images are not
            those that it was made with.

        Warns
        -----
        UserWarning
            If something is not bit for bit the same.
        """
        if not self.results:
            return self.trajectories(most_work=MOST_WORK if most_work is None else int(most_work))
        with readable("recipe"):
            return results_again(self.results, MOST_RUN if most_work is None else most_work, data)


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Read the recipe of a picture, video or page.

    Parameters
    ----------
    path : str or os.PathLike
        A GIF, PNG, APNG, WebP, MP4, WebM, SVG, PDF or HTML file, known by what it begins with.

    Returns
    -------
    Recipe
        Checked. It is data: reading one runs no code.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no recipe, or one that is not what it must be.

    Examples
    --------
    >>> import trajectories as tj
    >>> path = tj.descend("sphere", "sgd:0.1", steps=10)
    >>> tj.plot_overlay(path).savefig("path.png")  # doctest: +SKIP
    >>> tj.read_recipe("path.png").kind  # doctest: +SKIP
    'plot_overlay'
    """
    text = read_comment(path)
    with readable(repr(os.fspath(path))):
        return Recipe.of(text)
