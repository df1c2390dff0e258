"""Hooks on what the package offers in public: further formats, another theme or size."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

import trajectories
from trajectories.plotting.animation import Animation
from trajectories.plotting.canvas import FIGURE_FORMATS, RecipeFigure, save_figure
from trajectories.plotting.recipes.recipe import KINDS
from trajectories.plotting.theme import THEMES
from trajectories.plotting.writers.formats import FORMATS
from trajectories.replay import Recipe, animation_of

__all__ = ["DOWNLOADS", "Hooks"]

#: The formats in which a build makes every moving picture.
DOWNLOADS = (".png", ".gif", ".mp4", ".html")
_STYLES = "trajectories.plotting.styles."


class Hooks:
    """What happens to the pictures of a script.

    Parameters
    ----------
    formats : tuple of str
        The suffixes without their dots that are made instead of the script's own; "png" is a
        still picture, "apng" a moving one. Without any, a moving picture is made in the script's
        own format and in those of `DOWNLOADS`.
    theme : str or None
        What all pictures look like, instead of the script's choice.
    size : (int, int) or None
        Width and height in pixels, instead of the script's choice.
    source : str
        The script, which may read what it has written.
    """

    def __init__(
        self,
        formats: tuple[str, ...],
        theme: str | None,
        size: tuple[int, int] | None,
        source: str,
    ) -> None:
        self._formats = tuple(f".{name}" for name in formats)
        self._source = source
        self._passing: set[Path] = set()
        self._theme, self._size = theme, size
        self._saved: list[tuple[Animation, Path, dict[str, Any]]] = []
        self._reasons: list[str] = []
        self._wrote = 0
        self._saving = False

    def install(self) -> None:
        """Put the hooks in their places, before the script is run."""
        for name in trajectories.__all__:
            function = getattr(trajectories, name)
            if inspect.isfunction(function) and "theme" in inspect.signature(function).parameters:
                setattr(trajectories, name, self._drawing(function))
        if self._asked:
            from trajectories.mnist.figures import landscape_figure, search_figure  # noqa: F401
        for kind in KINDS.values():
            # Results are drawn by methods, which look these up when they are called.
            home = sys.modules[kind.function.__module__]
            if self._asked and home.__name__.startswith("trajectories.mnist"):
                setattr(home, kind.function.__name__, self._drawing(kind.function))
        if self._theme is not None:
            for name in ("use", "context"):
                setattr(matplotlib.style, name, self._styling(getattr(matplotlib.style, name)))
        movies = [Animation, *Animation.__subclasses__()]
        for movie in [kind for kind in movies if "save" in vars(kind)]:
            movie.save = self._saving_movies(movie.save)  # type: ignore[method-assign]
        for kind in (Figure, RecipeFigure):
            kind.savefig = self._saving_figures(kind.savefig)  # type: ignore[method-assign]

    def finish(self) -> None:
        """Make the further formats, after the script has run."""
        for path in self._passing:
            path.unlink()
        if self._formats and not self._wrote:
            reasons = dict.fromkeys(self._reasons)
            raise SystemExit("; ".join(reasons) or "the script saves no picture")
        for animation, path, options in self._saved:
            for suffix in DOWNLOADS:
                target = path.with_suffix(suffix)
                if not target.exists():
                    self._write(animation, target, options)

    def save_animation(
        self, animation: Animation, path: Path, options: dict[str, Any]
    ) -> list[Path]:
        """Save a moving picture, and return what was written."""
        if not self._formats:
            self._saved.append((animation, path, options))
            return self._save(animation, path, options)
        targets = [path.with_suffix(suffix) for suffix in self._suffixes(path)]
        return [target for target in targets if self._write(animation, target, options)]

    def save_figure(
        self, figure: Figure, path: Path, options: dict[str, Any], savefig: Callable[..., None]
    ) -> None:
        """Save a still picture; as a moving one too, if that is asked for and it can be."""
        for suffix in self._suffixes(path):
            target = path.with_suffix(suffix)
            if suffix in FIGURE_FORMATS:
                savefig(
                    figure, target, **self._fitted(figure, self._signed(figure, suffix, options))
                )
                self._wrote += 1
                continue
            try:
                recipe = Recipe.of(getattr(figure, "recipe", ""))
                moving = animation_of(recipe, **self._asked)
            except ValueError:
                self._reasons.append(f"{path.name} is a still picture: no {suffix[1:]}")
            else:
                self._write(moving, target, {})

    def _suffixes(self, path: Path) -> tuple[str, ...]:
        """Return in which formats a file is made: also in its own, if the script reads it later."""
        if not self._formats or path.suffix in self._formats:
            return self._formats or (path.suffix,)
        if self._source.count(path.name) < 2:
            return self._formats
        self._passing.add(path.absolute())
        return (*self._formats, path.suffix)

    def _write(self, animation: Animation, target: Path, options: dict[str, Any]) -> bool:
        """Write a moving picture, or its last frame; tell whether it can be had so."""
        if target.suffix in FIGURE_FORMATS:
            picture = animation.picture()
            picture.show(animation.frame_steps[-1])
            save_figure(picture.figure, target)
        elif target.suffix == ".mp4" and importlib.util.find_spec("av") is None:
            self._reasons.append("a video needs PyAV: pip install av")
            return False
        else:
            try:
                self._save(animation, target, options)
            except ValueError as error:  # A page cannot show everything.
                self._reasons.append(f"{target.name}: {error}")
                return False
        self._wrote += 1
        return True

    @property
    def _asked(self) -> dict[str, Any]:
        """The settings of pictures that are to be other than the script's."""
        changes = {"theme": self._theme, "size": self._size}
        return {name: value for name, value in changes.items() if value is not None}

    def _drawing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of the package that draws as it is asked to."""
        known = inspect.signature(function).parameters
        changes = {name: value for name, value in self._asked.items() if name in known}

        @wraps(function)
        def draw(*args: Any, **kwargs: Any) -> Any:
            told = {**kwargs, **changes}
            if kwargs.get("ax") is not None:
                told.pop("size", None)  # It is the figure's, and no new one is made.
            if "path" in known:  # It writes a file itself.
                path = Path(inspect.signature(function).bind(*args, **told).arguments["path"])
                if path.suffix not in self._suffixes(path):
                    self._reasons.append(f"{path.name} is made as {path.suffix[1:]} only")
                    return None
                self._wrote += 1
            return function(*args, **told)

        return draw

    def _saving_movies(self, function: Callable[..., Any]) -> Callable[..., list[Path]]:
        """Return a method that saves a moving picture in the formats asked for."""

        @wraps(function)
        def save(animation: Animation, path: Any, **options: Any) -> list[Path]:
            if self._saving:
                written: list[Path] = function(animation, path, **options)
                return written
            return self.save_animation(animation, Path(path), options)

        return save

    def _save(self, animation: Animation, path: Path, options: dict[str, Any]) -> list[Path]:
        """Save a moving picture as it saves itself, without a poster."""
        before, self._saving = self._saving, True
        try:
            return animation.save(path, **{**options, "poster": False})
        finally:
            self._saving = before

    def _saving_figures(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return a method that saves a figure to files, and does not call itself."""

        @wraps(function)
        def savefig(figure: Figure, target: Any, **options: Any) -> None:
            if self._saving or not isinstance(target, (str, Path)):
                function(figure, target, **options)
                return
            self._saving = True
            try:
                self.save_figure(figure, Path(target), options, function)
            finally:
                self._saving = False

        return savefig

    def _styling(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of `matplotlib.style` that takes the theme for any of the package."""

        @wraps(function)
        def style(name: Any, *args: Any, **kwargs: Any) -> Any:
            names = [name] if isinstance(name, str) else name
            if all(isinstance(item, str) and item.startswith(_STYLES) for item in names):
                name = [_STYLES + item for item in THEMES[str(self._theme)].styles]
            return function(name, *args, **kwargs)

        return style

    def _signed(self, figure: Figure, suffix: str, options: dict[str, Any]) -> dict[str, Any]:
        """Let a picture without a recipe carry the script that made it."""
        if suffix != ".png" or getattr(figure, "recipe", ""):
            return options
        told = {"Source": self._source, **options.get("metadata", {})}
        return {**options, "metadata": told}

    def _fitted(self, figure: Figure, options: dict[str, Any]) -> dict[str, Any]:
        """Give a figure the size that is asked for, its type growing with the root of the area."""
        if self._size is None:
            return options
        target, inches = np.array(self._size), figure.get_size_inches()
        dpi = np.sqrt(target.prod() / inches.prod())
        figure.set_size_inches((target + 1e-6) / dpi)
        return {**options, "dpi": dpi}


assert set(DOWNLOADS) <= {*FORMATS, *FIGURE_FORMATS}
