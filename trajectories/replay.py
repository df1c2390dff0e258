"""Replay: recipes read from files, and their pictures drawn again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from trajectories.checks import integer, must, resolve, unknown
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
    """The recipe of a picture, read and checked; nothing is run or drawn.

    Parameters
    ----------
    text : str
        The recipe as in the file.
    kind : str
        Kind of the picture: "animation", or the name of a plot function.
    settings : mapping
        Keyword arguments of that function.
    paths : sequence of PathRecord
        Records of the paths.
    surface : Surface or None
        Surface of "plot_gradient".
    results : sequence of ResultRecord
        Records of the results of a map or an experiment.
    version : str
        Version of the package that wrote it.
    omitted : sequence of str
        Names of settings that a recipe cannot hold.

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
        """Read and check a recipe from any source; no code of it runs.

        Parameters
        ----------
        text : str
            A recipe, as from `make_recipe`.

        Raises
        ------
        ValueError
            If it is not a valid recipe; the message is one line.
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
        """Recompute the paths.

        Parameters
        ----------
        most_work : int, default 10,000,000
            Limit of the work: steps of all paths, times the samples of their minibatches.

        Returns
        -------
        list of Trajectory
            Bit for bit those of the picture, on the same version and kind of machine.

        Raises
        ------
        ValueError
            If it is more work, or if the recipe lacks a path.

        Warns
        -----
        UserWarning
            If a path is not bit for bit the same.
        """
        with readable("recipe"):
            return recomputed(self.paths, most_work)

    def again(self, *, most_work: float | None = None, data: Any = None) -> list[Any]:
        """Recompute the paths or results of the picture.

        Parameters
        ----------
        most_work : float, optional
            Limit of the work, in steps of paths. By default 10,000,000 for paths, which store all
            of their steps, and 1,000,000,000 for results, which store few.
        data : Dataset, str or os.PathLike, optional
            Images of an experiment, or an argument of `trajectories.mnist.load`; by default those
            on this machine.

        Returns
        -------
        list
            Trajectories, or results of `sensitivity`, `basins`, `tune`, an experiment, `landscape`
            or `search`.

        Raises
        ------
        ValueError
            If it is more work, if the recipe is incomplete, or if the images are other ones.

        Warns
        -----
        UserWarning
            If a path or result is not bit for bit the same.
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
        A GIF, PNG, APNG, WebP, MP4, WebM, SVG, PDF or HTML file, recognized by its first bytes.

    Returns
    -------
    Recipe
        Checked data; reading it runs no code.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it contains no valid recipe.

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
    """Import the modules that register a kind of picture and its results."""
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
    """Recompute and redraw a picture from its file.

    Parameters
    ----------
    path : str or os.PathLike
        A GIF, PNG, APNG, WebP, MP4, WebM, SVG, PDF or HTML file from this package, recognized by
        its first bytes. It may be untrusted: its recipe is checked, and reading it runs no code.
    most_work : float, optional
        Limit of the work, in steps of paths: by default 10,000,000 for paths that are drawn,
        1,000,000,000 for maps, and an equal time for networks.
    data : Dataset, str or os.PathLike, optional
        Images of an experiment, or an argument of `trajectories.mnist.load`; by default those on
        this machine. They must be the same images.
    **settings
        Settings that replace those in the recipe, such as ``theme="slides"``; None restores the
        default.

    Returns
    -------
    Animation or matplotlib.figure.Figure
        An `Animation` for an animation. Either has `trajectories`, bit for bit those of the file;
        none for a map or an experiment.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it contains no valid and complete recipe, if it is too much work, or if the images are
        missing.

    Warns
    -----
    UserWarning
        If a path or result is not bit for bit the same, or a setting is missing.

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
    """Return the animation of a recipe, or the animated form of a still picture."""
    kind = KINDS[recipe.kind]
    form, stored = recipe.kind, dict(recipe.settings)
    if kind.layout is not None:
        form, stored = "animation", {"layout": kind.layout, **stored}
    elif not kind.moves:
        if kind.twin is None:
            raise ValueError(f"A picture made by {recipe.kind} has no moving form.")
        form = kind.twin
    if form == "animation":
        from trajectories.plotting.panels import SIZES

        stored = {"layout": "overlay", **stored}
        if settings.get("layout") and stored.get("size") == SIZES.get(stored["layout"]):
            del stored["size"]  # It was the default of the layout.
    options = _merged_settings(recipe, form, stored, settings)
    options = {name: value for name, value in options.items() if name not in SAVING}
    source = recipe.again(most_work=most_work, data=data)
    with readable("recipe"):
        movie = cast("Animation", _draw(form, source, options))
    movie.saving |= saving_of(recipe)
    return movie


def figure_of(
    recipe: Recipe, *, most_work: float | None = None, data: Any = None, **settings: Any
) -> Figure:
    """Return the figure of a recipe; for an animation, its last frame."""
    kind = KINDS[recipe.kind]
    form, stored = recipe.kind, dict(recipe.settings)
    if recipe.kind == "animation" or kind.layout is not None:
        from trajectories.plotting.panels import LAYOUTS

        layout = stored.pop("layout", "overlay") if kind.layout is None else kind.layout
        given = settings.pop("layout", None)
        layout = resolve("layout", given or layout, LAYOUTS)
        form = "plot" if layout == "overlay" else f"plot_{layout}"
    elif kind.moves:
        assert kind.twin is not None
        form = kind.twin
    options = _merged_settings(recipe, form, stored, settings)
    if recipe.surface is not None:
        source: list[Any] = [recipe.surface]
    else:
        source = recipe.again(most_work=most_work, data=data)
    with readable("recipe"):
        result = _draw(form, source, options)
    figure: Any = result if hasattr(result, "savefig") else result.figure
    figure.trajectories = [item for item in source if isinstance(item, Trajectory)]
    return cast("Figure", figure)


def saving_of(recipe: Recipe) -> dict[str, Any]:
    """Return the rate, end pause and loop of a saved animation."""
    return {name: recipe.settings[name] for name in SAVING if name in recipe.settings}


def _draw(kind: str, source: list[Any], options: Mapping[str, Any]) -> Any:
    """Draw a kind of picture."""
    layout = KINDS[kind].layout
    if layout is not None:
        from trajectories.plotting.plots import draw

        return draw(layout, source, **options)
    several = KINDS[kind].several and KINDS[kind].shows != "surface"
    return KINDS[kind].function(source if several else source[0], **options)


def _merged_settings(
    recipe: Recipe, kind: str, stored: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Merge the stored settings that a kind of picture knows with given ones."""
    known = settings_of(kind)
    for name in given:
        if name not in known:
            raise unknown("setting", name, sorted(known))
    if recipe.omitted:
        names = ", ".join(name[:40] for name in recipe.omitted[:10])
        warnings.warn(f"What could not be kept in the recipe is as usual: {names}.", stacklevel=5)
    merged = {name: value for name, value in stored.items() if name in known} | dict(given)
    return {name: value for name, value in merged.items() if value is not None}
