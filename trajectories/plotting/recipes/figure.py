"""A figure that remembers what it shows, and writes its recipe into every file it is saved to."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.artist import allow_rasterization
from matplotlib.figure import Figure

from trajectories.plotting.theme import TURN, set_for_now
from trajectories.trajectory import Trajectory

__all__ = ["FIXED", "RecipeFigure", "metadata_for"]

#: What would make the bytes differ from one run to the next, by format.
FIXED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "svgz": {"Date": None},
    "pdf": {"CreationDate": None},
}
#: Under which key a format keeps a recipe.
_KEYS = {"png": "Comment", "svg": "Description", "svgz": "Description", "pdf": "Keywords"}
_SALT: Any = {"svg.hashsalt": "trajectories"}


class RecipeFigure(Figure):
    """A Matplotlib figure that remembers the paths it shows and how they were drawn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trajectories: list[Trajectory] = []
        self._source: tuple[Any, str, dict[str, Any]] | None = None
        self._recipe = ""

    def remember(self, source: Any, *, kind: str, settings: Mapping[str, Any]) -> None:
        """Keep what is shown, to be written down when the figure is saved."""
        several = source if isinstance(source, Sequence) else ()
        self.trajectories = [one for one in several if isinstance(one, Trajectory)]
        self._source = source, kind, dict(settings)
        self._recipe = ""

    @property
    def recipe(self) -> str:
        """The recipe as text; "" if nothing is remembered."""
        if not self._recipe and self._source is not None:
            from trajectories.plotting.recipes.making import make_recipe

            source, kind, settings = self._source
            self._recipe = make_recipe(source, kind=kind, settings=settings)
        return self._recipe

    @allow_rasterization  # type: ignore[untyped-decorator]
    def draw(self, renderer: Any) -> None:
        """Draw the figure; threads take turns, as what Matplotlib looks up then is shared."""
        with TURN:
            super().draw(renderer)

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Save the figure as `matplotlib.figure.Figure.savefig` does, with its recipe."""
        kind = _format(fname, kwargs.get("format"))
        ours = metadata_for(kind, self.recipe if kind in _KEYS else "")
        if ours:
            kwargs["metadata"] = {**ours, **(kwargs.get("metadata") or {})}
        salted = kind.startswith("svg") and mpl.rcParams["svg.hashsalt"] is None
        with set_for_now(_SALT if salted else {}):
            super().savefig(fname, transparent=transparent, **kwargs)

    def _repr_png_(self) -> bytes:
        """Show it in a notebook, as the last line of a cell."""
        data = io.BytesIO()
        self.savefig(data, format="png")
        return data.getvalue()

    def __getstate__(self) -> dict[str, Any]:
        """Write the recipe down, and leave out what cannot be pickled."""
        recipe = self.recipe
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        try:
            pickle.dumps((self.trajectories, self._source))
        except Exception:  # A schedule that is a function of the user's, or the like.
            state |= {"trajectories": [], "_source": None}
        return {**state, "_recipe": recipe}


def metadata_for(kind: str, recipe: str) -> dict[str, Any]:
    """Return the metadata of a file: what makes its bytes the same each time, and a recipe."""
    if kind not in FIXED:
        return {}
    return {**FIXED[kind], **({_KEYS[kind]: recipe} if recipe else {})}


def _format(fname: Any, given: Any) -> str:
    """Return in which format Matplotlib will save."""
    if given is not None:
        return str(given).lower()
    if isinstance(fname, (str, os.PathLike)):
        suffix = os.path.splitext(os.fspath(fname))[1]
        if suffix:
            return suffix[1:].lower()
    return str(mpl.rcParams["savefig.format"]).lower()
