"""Decks: slides of saved pictures, with their recipes in words as notes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from trajectories.checks import cut, must, suffix
from trajectories.files import check_target, replacing
from trajectories.plotting.recipes.recipe import parsed
from trajectories.plotting.theme import look
from trajectories.plotting.writers.metadata import find_comment
from trajectories.plotting.writers.slides import (
    MEDIA_TYPES,
    Color,
    Media,
    Slide,
    check_pptx,
    clean,
    in_one_line,
    read_media,
    write_pptx,
    write_reveal,
)

#: The subject of a slide, by the kind of result.
_SUBJECTS = {
    "sensitivity": "how descents end over hyperparameters",
    "basins": "where each start leads",
    "tuning": "a race with tuned learning rates",
    "experiment": "networks in training",
    "landscape": "the loss around paths of training",
    "search": "the trials of a search",
}
#: Settings of an experiment that give its length and size.
_LENGTHS = ("iterations", "epochs", "batch_size", "hidden", "images", "trials", "rounds")
_DEFAULTS: dict[str, Any] = {"noise": 0.0, "tolerance": None, "seed": 0}
#: A title names at most so many optimizers.
_NAMED = 6
#: Limits of the title, a line and the recipe, in characters, and of the notes, in lines: a recipe
#: of any origin may be longer, and the file itself has all of it.
_TITLE, _LINE, _RECIPE = 120, 1_000, 20_000
_MOST_LINES = 100
#: At most so many numbers or starts are written out.
_FEW = 4
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _as_paths(results: Any) -> tuple[str, dict[str, Any]]:
    """Return the subject of results, and their optimizers in the form of a recipe of paths."""
    records = [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []
    if not records:
        return "", {}
    subject = _SUBJECTS.get(str(records[0].get("kind")), "")
    parts = [part for one in records for part in _parts(_mapping(one.get("told")))]
    if not parts:
        return subject, {}
    settings = _mapping(parts[0].get("settings"))
    if "surface" in settings and "optimizer" in settings:
        rules = [_mapping(part.get("settings")).get("optimizer") for part in parts]
        labels = [part.get("label") for part in parts]
        paths = [{"label": a, "optimizer": b} for a, b in zip(labels, rules, strict=True)]
        # A map of starts has no start of its own.
        names = ("steps",) if "resolution" in parts[0] else ("start", "steps")
        descent = {name: settings[name] for name in names if name in settings}
        descent |= {k: settings[k] for k, v in _DEFAULTS.items() if settings.get(k, v) != v}
        return subject, {"surface": settings["surface"], "paths": paths, "descent": descent}
    record = parts[0]
    name = str(record.get("experiment", "")).replace("_", " ")
    images = _mapping(record.get("data")).get("name")
    title = " on ".join(str(word) for word in (name or subject, images) if word)
    optimizers = _mapping(settings.get("optimizers"))
    paths = [{"label": label, "optimizer": rule} for label, rule in optimizers.items()]
    descent = {k: settings[k] for k in _LENGTHS if isinstance(settings.get(k), (int, list))}
    if isinstance(record.get("seeds"), list):
        descent["seeds"] = record["seeds"]
    return subject, {"surface": {"name": title}, "paths": paths, "descent": descent}


def _parts(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the single maps of a result: a race has one for each optimizer."""
    trials = record.get("tuned")
    if isinstance(trials, list) and "range" in record:
        return [part for part in trials if isinstance(part, dict)]
    return [record] if record else []


@dataclass(frozen=True)
class Words:
    """The texts of a slide."""

    title: str
    notes: tuple[str, ...]
    recipe: str
    about: str


def words(
    name: str, recipe: str | None, *, kind: str = "Picture", title: str | None = None
) -> Words:
    """Return the title, notes and description of a picture, written from its recipe."""
    name = in_one_line(name)
    stem = name.rpartition(".")[0] or name
    heading = in_one_line(title) if title is not None else ""
    if not recipe:
        return Words(heading or stem, (name,), "", f"{kind}: {heading or stem}")
    facts = _facts(recipe)
    heading = heading or cut(_title(facts), _TITLE) or stem
    about = f"{kind}: {cut(_sentence(facts), _LINE) or heading}"
    notes = (cut(line, _LINE) for line in islice(_lines(name, facts), _MOST_LINES))
    return Words(heading, tuple(notes), cut(clean(recipe), _RECIPE), about)


def _typeset(formula: str) -> str:
    """Write a formula with superscripts, and dots for products."""
    raised = re.sub(r"\*\*(\d+)(?![\d.eE]|\*\*)", lambda m: m[1].translate(_SUPERSCRIPTS), formula)
    return raised.replace("**", "^").replace("*", "·")


@dataclass(frozen=True)
class _Path:
    """A path of a recipe."""

    label: str
    #: Name and hyperparameters of the optimizer.
    rule: str
    values: Mapping[str, Any]
    #: Settings of the descent that differ from those of the other paths.
    descent: Mapping[str, Any]


@dataclass(frozen=True)
class _Facts:
    """The parts of a recipe that a slide names."""

    surface: str = ""
    formula: str = ""
    paths: tuple[_Path, ...] = ()
    #: Settings of the descent of all paths.
    descent: Mapping[str, Any] = field(default_factory=dict)
    #: The subject of a picture other than paths over contours.
    subject: str = ""

    @property
    def labels(self) -> str:
        """The different labels of the paths, in their order."""
        names = list(dict.fromkeys(path.label for path in self.paths if path.label))
        left_out = len(names) - _NAMED
        if left_out > 1:
            return f"{', '.join(names[:_NAMED])} and {left_out} more"
        return ", ".join(names)


def _facts(recipe: str) -> _Facts:
    """Read the facts in a recipe; missing and invalid ones are left out."""
    try:
        data = parsed(recipe)
    except ValueError:
        return _Facts()
    subject, as_paths = _as_paths(data.get("results"))
    data = {**data, **as_paths}
    surface = _mapping(data.get("surface"))
    formula, name = (_line(surface.get(key)) for key in ("formula", "name"))
    title = "" if name == formula else name.replace("_", " ")
    records = data.get("paths")
    paths = tuple(map(_path, records)) if isinstance(records, list) else ()
    descent = _mapping(data.get("descent"))
    return _Facts(title[:1].upper() + title[1:], formula, paths, descent, subject)


def _path(record: Any) -> _Path:
    about = _mapping(record)
    rule = dict(_mapping(about.get("optimizer")))
    name = _class_name(rule.pop("name", None)) or _line(rule.pop("own", None))
    return _Path(_line(about.get("label")) or name, name, rule, _mapping(about.get("descent")))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _class_name(name: Any) -> str:
    """Return the class name of an optimizer, such as AdaGrad for adagrad."""
    from trajectories.optimizers import ALL_OPTIMIZERS

    known = ALL_OPTIMIZERS.get(name) if isinstance(name, str) else None
    return _line(name) if known is None else known.__name__


def _line(value: Any) -> str:
    """Return a text in one line; empty if the value is no text."""
    return in_one_line(value) if isinstance(value, str) else ""


def _title(facts: _Facts) -> str:
    return ": ".join(filter(None, (facts.surface or _typeset(facts.formula), facts.labels)))


def _sentence(facts: _Facts) -> str:
    """Describe the picture in a sentence."""
    surface = f"f(x, y) = {facts.formula}" if facts.formula else facts.surface
    if facts.subject:
        where = " on ".join(filter(None, (facts.labels, surface))) if facts.formula else surface
        return ": ".join(filter(None, (facts.subject, where)))
    if not surface:
        return ""
    paths = f"the paths of {facts.labels}" if facts.labels else "paths"
    start, steps = (facts.descent.get(key) for key in ("start", "steps"))
    ends = f" in {steps} steps" if isinstance(steps, int) else ""
    begins = f" from {_value(start)}" if _is_point(start) else ""
    return f"{paths} over the contours of {surface}{begins}{ends}"


def _lines(name: str, facts: _Facts) -> Iterator[str]:
    """Yield the notes."""
    yield name
    formula = f"f(x, y) = {facts.formula}" if facts.formula else ""
    if formula or facts.surface:
        what = "Surface" if formula or not facts.subject else "Shown"
        yield f"{what}: {', '.join(filter(None, (facts.surface, formula)))}"
    for path in facts.paths:
        rule = f" ({path.rule})" if path.rule not in path.label else ""
        values = _values({**path.values, **path.descent})
        yield f"{path.label}{rule}: {values}" if values else f"{path.label}{rule}"
    for key, value in facts.descent.items():
        yield f"{_line(key).capitalize().replace('_', ' ')}: {_value(value)}"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{_line(key)} = {_value(value)}" for key, value in values.items())


def _is_point(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(isinstance(part, (int, float)) for part in value)


def _value(value: Any) -> str:
    """Write a number, a point or a few of them; of a longer list its length."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.12g}"
    if isinstance(value, str):
        return _line(value)
    if _is_point(value):
        return f"({value[0]:.12g}, {value[1]:.12g})"
    if isinstance(value, list):
        return ", ".join(map(_value, value)) if 0 < len(value) <= _FEW else f"{len(value)} values"
    shape = _mapping(value).get("shape")
    return f"{' x '.join(map(str, shape))} values" if isinstance(shape, list) else str(value)[:60]


#: The formats of a deck, by suffix.
DECK_FORMATS = (".pptx", ".html")
#: The kind of a file, in words.
_KINDS = {
    "still": "Picture",
    "moving": "Moving picture",
    "video": "Video",
    "page": "Interactive picture",
}
#: On a ground of this relative luminance (WCAG 2) black and white have the same contrast.
_MIDDLE = 0.179


def deck(
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    titles: str | Sequence[str | None] | None = None,
    theme: str | None = None,
) -> Path:
    """Write a deck: a slide for each picture, movie or page, with its recipe as speaker notes.

    Parameters
    ----------
    files : path or iterable of paths
        Files to show. PowerPoint takes ``.gif``, ``.png``, ``.jpg`` and ``.mp4``; a browser also
        ``.svg``, ``.webp``, ``.apng``, ``.webm`` and the interactive page, ``.html``.
    path : str or os.PathLike
        Ends in ``.pptx`` for PowerPoint, Keynote, Impress or Google Slides, or in ``.html`` for
        reveal.js.
    titles : str or sequence of str, optional
        A title for each file. By default, and for None, the surface and the optimizers named by
        the recipe in the file, or the file's name if it has no recipe.
    theme : str, optional
        The background of the slides: that of "light", "dark" or another theme. By default each
        slide has the background of its picture.

    Returns
    -------
    pathlib.Path
        The deck.

    Raises
    ------
    ImportError
        If the deck is a ``.pptx`` and python-pptx is not installed.
    OSError
        If a file cannot be read or the deck cannot be written; an old deck stays as it was.
    TypeError, ValueError
        If a file cannot be shown on a slide.

    Notes
    -----
    A PowerPoint deck has one 16:9 slide a file. Movies start with their slide, and play in a
    loop. A printed video is the poster beside it (``a.poster.png`` or ``a.png`` beside ``a.mp4``),
    else its last frame, which needs PyAV.

    The HTML is a fragment: paste all of it between ``<div class="slides">`` and ``</div>`` of a
    reveal.js deck. It holds all media itself, whatever their size, and loads nothing.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import trajectories as tj
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> paths = tj.compare("x**2/20 + y**2", ["sgd:0.95", "adam:0.3"], start=(-7, 2), steps=9)
    >>> tj.plot_grid(paths).savefig(folder / "plot.png")
    >>> deck([folder / "plot.png"], folder / "talk.html", titles=["Zigzag"]).name
    'talk.html'
    """
    kind = suffix("format of a deck", path, DECK_FORMATS)
    paths = _checked_files(files)
    checked = _checked_titles(titles, len(paths))
    target = check_target(path)
    ground = _color(theme, "figure.facecolor") if theme is not None else None
    for file in paths:
        suffix("kind of picture or video", file, MEDIA_TYPES)
        if target.exists() and file.exists() and target.samefile(file):
            raise must("path", "another file than those that are shown", str(path))
    slides = []
    for file, title in zip(paths, checked, strict=True):
        media = read_media(file)
        if kind == ".pptx":
            check_pptx(media)
        slides.append(_slide(media, title, ground))
    with replacing(target) as out:
        if kind == ".pptx":
            write_pptx(out, slides, title=target.stem)
        else:
            write_reveal(out, slides)
    return target


def _checked_files(files: object) -> list[Path]:
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    if not isinstance(files, Iterable):
        raise must("files", "a path or several", files, kind=TypeError)
    paths = list(files)
    if not paths:
        raise must("files", "at least one path", paths)
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise must("files", "a path or several", path, kind=TypeError)
    return [Path(path) for path in paths]


def _checked_titles(titles: object, count: int) -> list[str | None]:
    if titles is None:
        return [None] * count
    given = [titles] if isinstance(titles, str) else titles
    if not isinstance(given, Sequence):
        raise must("titles", "a text for each file", titles, kind=TypeError)
    for title in given:
        if title is not None and not isinstance(title, str):
            raise must("titles", "texts", title, kind=TypeError)
    if len(given) != count:
        raise must("titles", f"as many as the files, {count}", list(given))
    return list(given)


def _slide(media: Media, title: str | None, ground: Color | None) -> Slide:
    text = words(media.path.name, find_comment(media.path), kind=_KINDS[media.showing], title=title)
    ground = ground or media.ground or _color("light", "figure.facecolor")
    dark = _luminance(ground) < _MIDDLE
    ink = _color("dark" if dark else "light", "text.color")
    return Slide(media, text.title, text.notes, text.recipe, text.about, ground, ink, dark)


def _color(theme: str, setting: str) -> Color:
    """Return a colour of a theme."""
    from matplotlib.colors import to_rgb

    red, green, blue = (round(255 * part) for part in to_rgb(look(theme).settings[setting]))
    return red, green, blue


def _luminance(color: Color) -> float:
    """Return the relative luminance of WCAG 2, from 0 to 1."""
    parts = [part / 255 for part in color]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
