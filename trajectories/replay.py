"""Replay: recipes read from files, and what they made made again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from trajectories.checks import integer, must, unknown
from trajectories.plotting.recipes.paths import (
    FORMAT,
    MOST_RUN,
    MOST_WORK,
    PathRecord,
    ResultRecord,
    recomputed,
    recomputed_results,
    unpack_paths,
    unpack_results,
    unpack_surface,
)
from trajectories.plotting.recipes.recipe import (
    KINDS,
    SAVING,
    parsed,
    readable,
    settings_of,
    unpack_settings,
)
from trajectories.plotting.writers.metadata import read_comment
from trajectories.surfaces.surface import Surface
from trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trajectories.plotting.animation import Animation

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
            _load(kind)
            if not isinstance(kind, str) or kind not in KINDS:
                raise must("kind", f"one of {', '.join(sorted(KINDS))}", kind)
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
            return recomputed(self.paths, most_work)

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
            return recomputed_results(
                self.results, MOST_RUN if most_work is None else most_work, data
            )


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
    >>> tj.plot(path).figure.savefig("path.png")  # doctest: +SKIP
    >>> tj.read_recipe("path.png").kind  # doctest: +SKIP
    'plot'
    """
    text = read_comment(path)
    with readable(repr(os.fspath(path))):
        return Recipe.of(text)


def _load(kind: object) -> None:
    """Import what registers a kind of picture, and of the results that it shows."""
    from trajectories.plotting import animate, plots  # noqa: F401
    from trajectories.plotting.maps import map_movies  # noqa: F401

    if kind not in KINDS:
        from trajectories.mnist.figures import landscape_figure, search_figure  # noqa: F401


def replay(
    path: str | os.PathLike[str],
    *,
    most_work: float | None = None,
    data: Any = None,
    **settings: Any,
) -> Animation | Figure:
    """Make a picture again from a file of it: what it shows is run again, and drawn as it was.

    Parameters
    ----------
    path : str or os.PathLike
        A GIF, PNG, APNG, WebP, MP4, WebM, SVG, PDF or HTML file that was saved here, known by what
        it begins with. It may come from anywhere: the recipe in it is checked like any input, and
        reading it runs no code.
    most_work : float, optional
        More steps of paths than this are not run; by default 10,000,000 of paths that are drawn,
        1,000,000,000 of maps, and for networks what takes about as long.
    data : Dataset, str or os.PathLike, optional
        The images of an experiment, or what `trajectories.mnist.load` takes; by default those
        that are here already. Only those that it was made with will do.
    **settings
        Other settings than those in the recipe, such as ``theme="slides"``; None stands for the
        default.

    Returns
    -------
    Animation or matplotlib.figure.Figure
        Either has `trajectories`, bit for bit those of the file; none if it shows a map or an
        experiment. An `Animation` was a moving picture.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no recipe, one that is not what it must be, or one that does not hold what is
        shown; if that is too much work, or the images are not at hand.

    Warns
    -----
    UserWarning
        If something is not bit for bit the same, or a setting could not be kept.

    Examples
    --------
    >>> import trajectories as tj
    >>> tj.replay("zigzag.gif").save("zigzag.mp4")  # doctest: +SKIP
    """
    recipe = read_recipe(path)
    with readable(repr(os.fspath(path))):
        make = animation_of if KINDS[recipe.kind].moves else figure_of
        return make(recipe, most_work=most_work, data=data, **settings)


def animation_of(
    recipe: Recipe, *, most_work: float | None = None, data: Any = None, **settings: Any
) -> Animation:
    """Return the moving picture of a recipe, also if that is of a still one that can move."""
    kind = KINDS[recipe.kind]
    moving, held = recipe.kind, dict(recipe.settings)
    if kind.layout is not None:
        moving, held = "animation", {"layout": kind.layout, **held}
    elif not kind.moves:
        if kind.twin is None:
            raise ValueError(f"A picture made by {recipe.kind} has no moving form.")
        moving = kind.twin
    if moving == "animation":
        from trajectories.plotting.panels import SIZES

        held = {"layout": "overlay", **held}
        if settings.get("layout") and held.get("size") == SIZES.get(held["layout"]):
            del held["size"]  # It was that of the layout.
    told = _settings(recipe, moving, held, settings)
    told = {name: value for name, value in told.items() if name not in SAVING}
    shown = recipe.again(most_work=most_work, data=data)
    with readable("recipe"):
        movie = cast("Animation", _made(moving, shown, told))
    movie.saving |= saving_of(recipe)
    return movie


def figure_of(
    recipe: Recipe, *, most_work: float | None = None, data: Any = None, **settings: Any
) -> Figure:
    """Return the still picture of a recipe; of a moving one, its last frame."""
    kind = KINDS[recipe.kind]
    still, held = recipe.kind, dict(recipe.settings)
    if recipe.kind == "animation" or kind.layout is not None:
        from trajectories.checks import resolve
        from trajectories.plotting.panels import LAYOUTS

        layout = held.pop("layout", "overlay") if kind.layout is None else kind.layout
        asked = settings.pop("layout", None)
        layout = resolve("layout", asked or layout, LAYOUTS)
        still = "plot" if layout == "overlay" else f"plot_{layout}"
    elif kind.moves:
        assert kind.twin is not None
        still = kind.twin
    told = _settings(recipe, still, held, settings)
    if recipe.surface is not None:
        shown: list[Any] = [recipe.surface]
    else:
        shown = recipe.again(most_work=most_work, data=data)
    with readable("recipe"):
        made = _made(still, shown, told)
    figure: Any = made if hasattr(made, "savefig") else made.figure
    figure.trajectories = [one for one in shown if isinstance(one, Trajectory)]
    return cast("Figure", figure)


def saving_of(recipe: Recipe) -> dict[str, Any]:
    """Return the rate, end pause and loop that a moving picture was saved with."""
    return {name: recipe.settings[name] for name in SAVING if name in recipe.settings}


def _made(kind: str, shown: list[Any], told: Mapping[str, Any]) -> Any:
    """Return what the function makes that a kind of picture comes from."""
    layout = KINDS[kind].layout
    if layout is not None:
        from trajectories.plotting.plots import draw

        return draw(layout, shown, **told)
    several = KINDS[kind].several and KINDS[kind].shows != "surface"
    return KINDS[kind].function(shown if several else shown[0], **told)


def _settings(
    recipe: Recipe, kind: str, held: Mapping[str, Any], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings for a kind of picture: what is held of them, and what is asked for."""
    known = settings_of(kind)
    for name in asked:
        if name not in known:
            raise unknown("setting", name, sorted(known))
    if recipe.omitted:
        names = ", ".join(name[:40] for name in recipe.omitted[:10])
        warnings.warn(f"What could not be kept in the recipe is as usual: {names}.", stacklevel=5)
    both = {name: value for name, value in held.items() if name in known} | dict(asked)
    return {name: value for name, value in both.items() if value is not None}
