"""Themes: colours, markers and sizes, and what a picture shows beside its paths."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import as_file, files
from threading import RLock
from typing import Any

import matplotlib as mpl
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgba

from trajectories.checks import integer, must, resolve


@dataclass(frozen=True)
class Theme:
    """How pictures look."""

    about: str
    styles: tuple[str, ...]
    ramp: tuple[str, ...]
    contour: str

    def colormap(self) -> Colormap:
        """Return the ground's colours: the ramp, or the colour map that the user has set."""
        if _changed("image.cmap"):
            return mpl.colormaps[setting("image.cmap")]
        return LinearSegmentedColormap.from_list("ground", self.ramp)


_LIGHT_GROUND = (("#FFFFFF", "#F2F5F8", "#DFE7EE", "#CAD6E1"), "#A9B9C8")
_DARK_GROUND = (("#0F141A", "#1A222C", "#263241", "#34455A"), "#4C6079")
_PAPER_GROUND = (("#FFFFFF", "#F4F4F4", "#E3E3E3", "#D2D2D2"), "#A6A6A6")

#: The groups of settings that show in a picture when its artists are made.
_VISIBLE = frozenset(
    ("axes", "contour", "figure", "font", "grid", "image", "legend", "lines", "markers", "mathtext")
    + ("patch", "text", "xaxis", "xtick", "yaxis", "ytick")
)

#: What follows another setting of the user, unless it was set itself.
_DERIVED = {
    "axes.titlecolor": "text.color",
    "xtick.labelcolor": "xtick.color",
    "ytick.labelcolor": "ytick.color",
}
#: The inks of what stands outside of the panels, on the figure's own ground.
_OUTSIDE = ("axes.titlecolor", "xtick.labelcolor", "ytick.labelcolor", "legend.labelcolor")
#: For words that stand inside as well as outside, where one ground is dark and the other light.
_BOTH = "#7A7A7A"

#: Held by the thread whose settings are in force, and while it draws: what Matplotlib looks up then
#: is shared too, and so is its parser of formulas. A block may stand inside another.
RC_LOCK = RLock()

#: The themes by name.
THEMES: dict[str, Theme] = {
    "light": Theme("dark ink on white", ("base", "light"), *_LIGHT_GROUND),
    "dark": Theme("light ink on a dark ground", ("base", "dark"), *_DARK_GROUND),
    "slides": Theme(
        "light, with type for the back row", ("base", "light", "slides"), *_LIGHT_GROUND
    ),
    "slides-dark": Theme(
        "dark, with type for the back row", ("base", "dark", "slides"), *_DARK_GROUND
    ),
    "print": Theme("serif type and greys, for paper", ("base", "light", "print"), *_PAPER_GROUND),
}


@dataclass(frozen=True)
class AppliedTheme:
    """A theme with the settings that it stands for now, whatever the user sets later."""

    theme: Theme
    settings: dict[str, Any]

    @contextmanager
    def applied(self) -> Iterator[Theme]:
        """Apply the settings to what is made inside the block."""
        with set_for_now(self.settings):
            yield self.theme


def look(theme: str | None, ground: Any = None) -> AppliedTheme:
    """Return how pictures look under a theme."""
    if theme is not None:
        name = resolve("theme", theme, THEMES)
        settings = _defaults() | _styled(THEMES[name])
        return AppliedTheme(THEMES[name], settings | _inks(settings, {}, ground))
    with RC_LOCK:
        kept = {key: setting(key) for key in _defaults() if _changed(key)}
    kept |= {key: kept[source] for key, source in _DERIVED.items() if source in kept} | kept
    chosen = THEMES["dark" if _is_dark(kept.get("axes.facecolor", "white")) else "light"]
    settings = _styled(chosen) | kept
    return AppliedTheme(chosen, settings | _inks(settings, kept, ground))


def _inks(settings: Mapping[str, Any], kept: Mapping[str, Any], ground: Any) -> dict[str, Any]:
    """Return other inks for what stands outside of the panels, if it is not to be read there."""
    dark = _is_dark(settings["figure.facecolor"] if ground is None else ground)
    if dark == _is_dark(settings["axes.facecolor"]):
        return {}
    ink = _styled(THEMES["dark" if dark else "light"])
    changed = {key: ink.get(key, ink["text.color"]) for key in _OUTSIDE}
    changed |= {"axes.labelcolor": _BOTH}
    if "text.color" in kept:  # The legend's as well.
        del changed["legend.labelcolor"]
    return {key: color for key, color in changed.items() if key not in kept}


def _is_dark(color: Any) -> bool:
    """Tell whether a ground is dark, so that light ink is to be read on it."""
    *rgb, alpha = to_rgba(color)
    weights = (0.2126, 0.7152, 0.0722)
    # Under a transparent ground there is, most often, a white one.
    return alpha > 0.5 and sum(w * c**2.2 for w, c in zip(weights, rgb, strict=True)) < 0.18


def applied(theme: str | None, ground: Any = None) -> AbstractContextManager[Theme]:
    """Apply a theme to what is made inside a block."""
    return look(theme, ground).applied()


@contextmanager
def set_for_now(settings: Mapping[str, Any]) -> Iterator[None]:
    """Change settings of Matplotlib inside a block, in which no other thread changes them."""
    with RC_LOCK, mpl.rc_context(dict(settings)):  # type: ignore[arg-type]
        yield


def setting(key: str) -> Any:
    """Return a setting of Matplotlib that is in force now."""
    settings: Any = mpl.rcParams
    return settings[key]


def _changed(key: str) -> bool:
    """Tell whether the user has set this away from Matplotlib's default."""
    return bool(setting(key) != _defaults()[key])


@cache
def _defaults() -> dict[str, Any]:
    """Return Matplotlib's defaults of all that shows in a picture."""
    defaults: Any = mpl.rcParamsDefault
    return {key: defaults[key] for key in defaults if key.split(".")[0] in _VISIBLE}


def _styled(theme: Theme) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for style in theme.styles:
        settings |= _style(style)
    return settings


@cache
def _style(name: str) -> dict[str, Any]:
    source = files("trajectories.plotting") / "styles" / f"{name}.mplstyle"
    with as_file(source) as path:
        settings: Any = mpl.rc_params_from_file(path, use_default_template=False)
    return dict(settings)


@dataclass(frozen=True)
class Extras:
    """What a picture shows beside the paths; all of it is left out by default."""

    theory: bool = False
    readout: bool = False
    step_arrows: bool = False
    trail: int | None = None

    def __post_init__(self) -> None:
        """Check the trail."""
        if self.trail is not None:
            integer("trail", self.trail, 1)

    def only(self, layout: str, names: Collection[str]) -> Extras:
        """Return them, if they ask for nothing but what a layout has."""
        for item in fields(self):
            if item.name not in names and getattr(self, item.name) != item.default:
                words = f'left out in the layout "{layout}"'
                raise must(item.name, words, getattr(self, item.name))
        return self

    @property
    def scene(self) -> dict[str, Any]:
        """What of it a scene must be made with."""
        return {"theory": self.theory, "step_arrows": self.step_arrows}


#: Paths alone.
PLAIN = Extras()
