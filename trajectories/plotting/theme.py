"""Themes: colours, markers and sizes, and the extras of a picture."""

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
    """Style sheets and colours of pictures."""

    about: str
    styles: tuple[str, ...]
    ramp: tuple[str, ...]
    contour: str

    def colormap(self) -> Colormap:
        """Return the colour map of surfaces: the ramp, or the one that the user has set."""
        if _changed("image.cmap"):
            return mpl.colormaps[setting("image.cmap")]
        return LinearSegmentedColormap.from_list("ground", self.ramp)


_LIGHT_GROUND = (("#FFFFFF", "#F2F5F8", "#DFE7EE", "#CAD6E1"), "#A9B9C8")
_DARK_GROUND = (("#0F141A", "#1A222C", "#263241", "#34455A"), "#4C6079")
_PAPER_GROUND = (("#FFFFFF", "#F4F4F4", "#E3E3E3", "#D2D2D2"), "#A6A6A6")

#: Groups of settings that affect the making of artists.
_GROUPS = frozenset(
    ("axes", "contour", "figure", "font", "grid", "image", "legend", "lines", "markers", "mathtext")
    + ("patch", "text", "xaxis", "xtick", "yaxis", "ytick")
)

#: Settings that follow another setting of the user, unless set themselves.
_DERIVED = {
    "axes.titlecolor": "text.color",
    "xtick.labelcolor": "xtick.color",
    "ytick.labelcolor": "ytick.color",
}
#: Inks outside of the panels, on the figure's background.
_OUTSIDE = ("axes.titlecolor", "xtick.labelcolor", "ytick.labelcolor", "legend.labelcolor")
#: Ink of words both inside and outside, where one background is dark and the other light.
_NEUTRAL = "#7A7A7A"

#: Lock of the thread whose settings are in force, also while it draws: threads share Matplotlib's
#: settings and its parser of formulas. Blocks may be nested.
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
    """A theme with its settings at one time, whatever the user sets later."""

    theme: Theme
    settings: dict[str, Any]

    @contextmanager
    def applied(self) -> Iterator[Theme]:
        """Apply the settings inside a block."""
        with set_for_now(self.settings):
            yield self.theme


def look(theme: str | None, ground: Any = None) -> AppliedTheme:
    """Return a theme with its settings, by default under those of the user."""
    if theme is not None:
        name = resolve("theme", theme, THEMES)
        settings = _defaults() | _styled(THEMES[name])
        return AppliedTheme(THEMES[name], settings | _inks(settings, {}, ground))
    with RC_LOCK:
        own = {key: setting(key) for key in _defaults() if _changed(key)}
    own |= {key: own[source] for key, source in _DERIVED.items() if source in own} | own
    chosen = THEMES["dark" if _is_dark(own.get("axes.facecolor", "white")) else "light"]
    settings = _styled(chosen) | own
    return AppliedTheme(chosen, settings | _inks(settings, own, ground))


def _inks(settings: Mapping[str, Any], own: Mapping[str, Any], ground: Any) -> dict[str, Any]:
    """Return other inks outside of the panels where the theme's would be illegible."""
    dark = _is_dark(settings["figure.facecolor"] if ground is None else ground)
    if dark == _is_dark(settings["axes.facecolor"]):
        return {}
    ink = _styled(THEMES["dark" if dark else "light"])
    changed = {key: ink.get(key, ink["text.color"]) for key in _OUTSIDE}
    changed |= {"axes.labelcolor": _NEUTRAL}
    if "text.color" in own:  # It colours the legend too.
        del changed["legend.labelcolor"]
    return {key: color for key, color in changed.items() if key not in own}


def _is_dark(color: Any) -> bool:
    """Return whether a background is dark, and needs light ink."""
    *rgb, alpha = to_rgba(color)
    weights = (0.2126, 0.7152, 0.0722)
    # A transparent background mostly lies on a white one.
    return alpha > 0.5 and sum(w * c**2.2 for w, c in zip(weights, rgb, strict=True)) < 0.18


def applied(theme: str | None, ground: Any = None) -> AbstractContextManager[Theme]:
    """Apply a theme inside a block."""
    return look(theme, ground).applied()


@contextmanager
def set_for_now(settings: Mapping[str, Any]) -> Iterator[None]:
    """Change settings of Matplotlib inside a block, locked against other threads."""
    with RC_LOCK, mpl.rc_context(dict(settings)):  # type: ignore[arg-type]
        yield


def setting(key: str) -> Any:
    """Return the current value of a setting of Matplotlib."""
    settings: Any = mpl.rcParams
    return settings[key]


def _changed(key: str) -> bool:
    """Return whether a setting differs from Matplotlib's default."""
    return bool(setting(key) != _defaults()[key])


@cache
def _defaults() -> dict[str, Any]:
    """Return Matplotlib's defaults of the settings that affect a picture."""
    defaults: Any = mpl.rcParamsDefault
    return {key: defaults[key] for key in defaults if key.split(".")[0] in _GROUPS}


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
    """Optional parts of a picture beside its paths."""

    theory: bool = False
    readout: bool = False
    step_arrows: bool = False
    trail: int | None = None

    def __post_init__(self) -> None:
        """Check the trail."""
        if self.trail is not None:
            integer("trail", self.trail, 1)

    def only(self, layout: str, names: Collection[str]) -> Extras:
        """Return the extras, after a check that a layout has them."""
        for item in fields(self):
            if item.name not in names and getattr(self, item.name) != item.default:
                words = f'left out in the layout "{layout}"'
                raise must(item.name, words, getattr(self, item.name))
        return self

    @property
    def scene(self) -> dict[str, Any]:
        """The settings of `Scene.of`."""
        return {"theory": self.theory, "step_arrows": self.step_arrows}


#: No extras.
PLAIN = Extras()
