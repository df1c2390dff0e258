"""Commands that draw: plot, animate, map, replay, deck."""

from __future__ import annotations

import argparse
from typing import Any

from trajectories.cli.options import (
    add_descent,
    add_picture,
    check_picture,
    file_name,
    given_options,
    hush,
    limits,
    numbers,
    paths_of,
    picture_settings,
    quick_imports,
    size,
)


def add_plot(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("plot", help="draw paths to a PNG, SVG or PDF file")
    add_descent(parser)
    add_picture(parser, "paths.png")
    parser.set_defaults(run=_plot, prog=parser.prog)


def _plot(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import suffix
        from trajectories.files import check_target
        from trajectories.plotting.canvas import FIGURE_FORMATS, save_figure
        from trajectories.plotting.plots import draw

    suffix("format of a still picture", options.output, FIGURE_FORMATS)
    check_target(options.output)
    figure = draw(options.layout, paths_of(options), **picture_settings(options))
    save_figure(figure, options.output)
    print(options.output)


def add_animate(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    words = "draw moving paths to a GIF, MP4, WebM, WebP, PNG or HTML file"
    parser = commands.add_parser("animate", help=words)
    add_descent(parser)
    add_picture(parser, "paths.gif")
    add_motion(parser)
    parser.set_defaults(run=_animate, prog=parser.prog)


def add_motion(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of motion and of the size of the file."""
    add = parser.add_argument_group("motion").add_argument
    add(
        "--frames", type=int, metavar="N", help="how many frames (default: one a step, at most 300)"
    )
    add("--pace", help="equal between frames: steps (default), length of the way, or loss")
    add("--fps", type=float, help="frames a second, at most 50 (default: about six seconds in all)")
    add(
        "--end-pause",
        type=float,
        default=1.5,
        metavar="S",
        help="seconds to hold the end (default 1.5)",
    )
    add("--loop", type=int, default=0, metavar="N", help="times to play; 0 is for ever (default)")
    add("--trail", type=int, metavar="N", help="steps to show behind each head (default: all)")
    add("--step-arrows", action="store_true", help="show what each step is made of, as arrows")
    add("--orbit", type=float, metavar="DEG", help="turn the camera in 3d by so much in all")
    words = "on a page: a slider of learning rates"
    add("--learning-rates", type=numbers(), metavar="R,R,...", help=words)
    words = 'on a page: "grid" lets the viewer click where paths begin'
    add("--starts", metavar="grid", help=words)
    words = "largest file, such as 1MB: colours, frames and pixels are given up to keep it"
    add("--max-bytes", metavar="SIZE", help=words)
    add("--no-poster", action="store_true", help="no still picture beside a video")


def motion_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the given options of `add_motion` for `animate`."""
    names = ("frames", "pace", "trail", "step_arrows", "orbit", "learning_rates", "starts")
    return given_options(options, names)


def saving_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_motion` for `Animation.save`."""
    return {
        "fps": options.fps,
        "end_pause": options.end_pause,
        "loop": options.loop,
        "max_bytes": options.max_bytes,
        "poster": not options.no_poster,
        "progress": not options.quiet,
    }


def _animate(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import suffix
        from trajectories.files import check_target
        from trajectories.plotting.animate import animate
        from trajectories.plotting.writers.formats import FORMATS
    suffix("format of a moving picture", options.output, FORMATS)
    if "%" not in options.output:
        check_target(options.output)
    settings: dict[str, Any] = {**picture_settings(options), **motion_settings(options)}
    movie = animate(paths_of(options), layout=options.layout, **settings)
    for path in movie.save(options.output, **saving_settings(options)):
        print(path)


_OPTIMIZERS = ("sgd:lr=0.01", "momentum:lr=0.01", "adagrad:lr=0.5", "adam:lr=0.1")
_PICTURES = "PNG, SVG or PDF"


def add_map(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("map", help="draw maps of many descents: settings, starts, races")
    kinds = parser.add_subparsers(title="maps", required=True, metavar="MAP")
    _add_sensitivity(kinds)
    _add_rates(kinds)
    _add_basins(kinds)
    _add_tune(kinds)
    _add_ensemble(kinds)


def _add_sensitivity(kinds: Any) -> None:
    parser = kinds.add_parser("sensitivity", help="the loss over two hyperparameters")
    add = _add_common(parser, steps=100, output="sensitivity.png", several=False)
    add("-O", "--optimizer", default="momentum", metavar="SPEC", help="default momentum")
    words = "as lr=0.001:10 or momentum=linear:0:0.95:100; twice, or once for a curve"
    add("-a", "--axis", action="append", metavar="AXIS", help=words)
    add("--cells", type=int, default=200, metavar="N", help="values of each axis (default 200)")
    add("--measure", default="loss", help="loss (default), or steps until the tolerance")
    add("--pin", action="append", type=_pin, metavar="NAME=VALUE,...", help="a run shown beside")
    _add_large(parser)
    parser.set_defaults(run=_sensitivity, prog=parser.prog)


def _add_rates(kinds: Any) -> None:
    parser = kinds.add_parser("rates", help="the loss against the learning rate, for several")
    add = _add_common(parser, steps=100, output="rates.png", several=True)
    add("--rates", default="0.0001:100", metavar="LOW:HIGH", help="default 0.0001:100")
    add("--cells", type=int, default=241, metavar="N", help="how many rates (default 241)")
    parser.set_defaults(run=_rates, prog=parser.prog)


def _add_basins(kinds: Any) -> None:
    parser = kinds.add_parser("basins", help="which minimum each start leads to, and how soon")
    add = _add_common(parser, steps=300, output="basins.png", several=True, start=False)
    add("--resolution", type=int, default=200, metavar="N", help="cells along a side (200)")
    add("--limits", type=limits, metavar="X0,X1,Y0,Y1", help="the starts (default: the domain)")
    add("--fps", type=float, help="frames a second of a moving picture")
    _add_large(parser)
    parser.set_defaults(run=_basins, prog=parser.prog)


def _add_tune(kinds: Any) -> None:
    parser = kinds.add_parser("tune", help="a race with the same number of learning rates for all")
    add = _add_common(parser, steps=100, output="race.png", several=True)
    add("--trials", type=int, default=40, metavar="N", help="rates for each (default 40)")
    add("--rates", default="0.0001:10", metavar="LOW:HIGH", help="default 0.0001:10")
    add("--draw", action="store_true", help="draw the rates at random")
    add("--triptych", action="store_true", help="as given, tuned, and ten times too high")
    parser.set_defaults(run=_tune, prog=parser.prog)


def _add_ensemble(kinds: Any) -> None:
    parser = kinds.add_parser("ensemble", help="many descents at once as a moving cloud")
    add = _add_common(parser, steps=100, output="cloud.gif", several=False)
    add("-O", "--optimizer", default="adam:lr=0.1", metavar="SPEC", help="default adam:lr=0.1")
    add("--trials", type=int, default=500, metavar="N", help="how many (default 500)")
    words = "deviation of the starts, or the word domain (default without --start and --noise)"
    add("--spread", metavar="S", help=words)
    add("--fps", type=float, help="frames a second")
    parser.set_defaults(run=_ensemble, prog=parser.prog)


def _add_common(
    parser: argparse.ArgumentParser, *, steps: int, output: str, several: bool, start: bool = True
) -> Any:
    """Add the arguments of all maps; return the function that adds further ones."""
    parser.add_argument("surface", help="a formula in x and y, or the name of a surface")
    add = parser.add_argument_group("descent").add_argument
    if several:
        words = f"as adam:lr=0.3; may be repeated (default: {' '.join(_OPTIMIZERS)})"
        add("-O", "--optimizer", action="append", metavar="SPEC", help=words)
    if start:
        add("--start", type=numbers(2), metavar="X,Y", help="default: the surface's own")
    add("--steps", type=int, default=steps, metavar="N", help=f"updates (default {steps})")
    add("--noise", type=float, default=0.0, metavar="S", help="deviation of gradient noise")
    add("--seed", type=int, default=0, metavar="N", help="of whatever is random (default 0)")
    if start:
        add("--tolerance", type=float, metavar="G", help="norm of the gradient that is enough")
    add = parser.add_argument_group("picture").add_argument
    words = f"default {output}"
    add("-o", "--output", type=file_name, default=output, metavar="FILE", help=words)
    add("--theme", help="light (default), dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no notes")
    return parser.add_argument_group("map").add_argument


def _add_large(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("large maps").add_argument
    add("-j", "--jobs", type=int, default=1, metavar="N", help="processes (default 1; -1 for all)")
    words = "keep blocks here; the same command goes on from them"
    add("--folder", type=file_name, metavar="DIR", help=words)


def _sensitivity(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import must
        from trajectories.maps.cells import read_axis
        from trajectories.maps.sensitivity import sensitivity
        from trajectories.plotting.maps.map_movies import check_map_file, save_map

    texts = options.axis or ["lr=0.001:10"]
    two = len(texts) == 2
    check_map_file(options.output, two=two, pins=options.pin, size=options.size)
    _check(options)
    pairs = [read_axis(text, options.cells) for text in texts]
    axes: dict[str, Any] = dict(pairs)
    if len(axes) < len(pairs):
        raise must("--axis", "given once for each hyperparameter", ", ".join(texts))
    result = sensitivity(
        options.surface,
        options.optimizer,
        options.start,
        options.steps,
        **_noise_settings(options),
        **_job_settings(options),
        tolerance=options.tolerance,
        measure=options.measure,
        **axes,
    )
    save_map(result, options.output, theme=options.theme, pins=options.pin, size=options.size)
    print(options.output)


def _rates(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import suffix
        from trajectories.maps.cells import read_axis
        from trajectories.maps.sensitivity import compare_rates
        from trajectories.plotting.canvas import FIGURE_FORMATS, save_figure
        from trajectories.plotting.maps.map_axes import plot_rates

    suffix(f"format of a picture ({_PICTURES})", options.output, FIGURE_FORMATS)
    _check(options)
    _, rates = read_axis(f"lr={options.rates}", options.cells)
    results = compare_rates(
        options.surface,
        options.optimizer or _OPTIMIZERS,
        rates,
        options.start,
        options.steps,
        **_noise_settings(options),
        tolerance=options.tolerance,
    )
    figure: Any = plot_rates(results, theme=options.theme, size=options.size).figure
    save_figure(figure, options.output)
    print(options.output)


def _basins(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import must, suffix
        from trajectories.maps.basins import basins
        from trajectories.plotting.canvas import FIGURE_FORMATS, save_figure
        from trajectories.plotting.maps.map_figures import plot_basins
        from trajectories.plotting.maps.map_movies import (
            MAP_FORMATS,
            animate_basins,
            check_map_file,
            save_map,
        )
        from trajectories.plotting.writers.formats import STREAMED

    moving = [kind for kind in STREAMED if kind not in FIGURE_FORMATS]
    kind = suffix("format of a map", options.output, [*MAP_FORMATS, *moving])
    if kind in MAP_FORMATS:
        check_map_file(options.output, two=False, size=options.size)
    _check(options)
    rules = options.optimizer or _OPTIMIZERS
    picture = kind in FIGURE_FORMATS or kind in moving
    if len(rules) > 1 and not picture:
        raise must("optimizer", f"one for a {kind} file", " ".join(rules))
    domain = options.limits is None or options.limits == "domain"
    folders = _folders(options, len(rules))
    results = [
        basins(
            options.surface,
            rule,
            options.steps,
            resolution=options.resolution,
            limits=None if domain else options.limits,
            **_noise_settings(options),
            **{**_job_settings(options), "folder": folder},
        )
        for rule, folder in zip(rules, folders, strict=True)
    ]
    if kind in moving:
        movie = animate_basins(results, theme=options.theme, size=options.size)
        for path in movie.save(options.output, fps=options.fps, progress=not options.quiet):
            print(path)
        return
    if kind in FIGURE_FORMATS:
        save_figure(plot_basins(results, theme=options.theme, size=options.size), options.output)
    else:
        save_map(results[0], options.output, theme=options.theme, size=options.size)
    print(options.output)


def _tune(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import read_ends, suffix
        from trajectories.maps.tuning import tune
        from trajectories.plotting.canvas import FIGURE_FORMATS, save_figure
        from trajectories.plotting.maps.map_figures import plot_triptych, plot_tuning

    suffix(f"format of a picture ({_PICTURES})", options.output, FIGURE_FORMATS)
    _check(options)
    race = tune(
        options.surface,
        options.optimizer or _OPTIMIZERS,
        options.start,
        options.steps,
        trials=options.trials,
        lr=read_ends(options.rates, ["log"])[1],
        draw=options.draw,
        **_noise_settings(options),
        tolerance=options.tolerance,
    )
    draw = plot_triptych if options.triptych else plot_tuning
    save_figure(draw(race, theme=options.theme, size=options.size), options.output)
    print(options.output)


def _ensemble(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import suffix
        from trajectories.maps.tuning import ensemble
        from trajectories.plotting.maps.map_movies import animate_ensemble
        from trajectories.plotting.writers.formats import STREAMED

    suffix("format of a moving map", options.output, STREAMED)
    _check(options)
    cloud = ensemble(
        options.surface,
        options.optimizer,
        options.start,
        options.steps,
        trials=options.trials,
        spread=_spread(options),
        **_noise_settings(options),
        tolerance=options.tolerance,
    )
    movie = animate_ensemble(cloud, theme=options.theme, size=options.size)
    for path in movie.save(options.output, fps=options.fps, progress=not options.quiet):
        print(path)


def _check(options: argparse.Namespace) -> None:
    """Check the file and the style before a long computation."""
    from trajectories.files import check_target

    check_target(options.output)
    check_picture(options)
    hush(options)


def _noise_settings(options: argparse.Namespace) -> dict[str, Any]:
    return {"noise": options.noise, "rng": options.seed}


def _job_settings(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "n_jobs": options.jobs,
        "folder": options.folder,
        "progress": not options.quiet,
    }


def _folders(options: argparse.Namespace, count: int) -> list[str | None]:
    """Return a folder for each of several maps."""
    if options.folder is None or count == 1:
        return [options.folder] * count
    return [f"{options.folder}/{number}" for number in range(1, count + 1)]


def _spread(options: argparse.Namespace) -> float | str:
    if options.spread is None:
        return 0.0 if options.start is not None or options.noise else "domain"
    try:
        return float(options.spread)
    except ValueError:
        return str(options.spread)


def _pin(text: str) -> dict[str, float]:
    """Read a cell of a map, as lr=0.1,momentum=0.9."""
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(value) for name, value in pairs}
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be like lr=0.1,momentum=0.9. Got {text!r} instead."
        ) from None


_PICTURE_OPTIONS = ("layout", "theme", "size", "frames", "pace", "trail")
_SAVING_OPTIONS = ("fps", "end_pause", "loop")


def add_replay(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("replay", help="make a picture again from its own file")
    formats = "a GIF, PNG, WebP, MP4, WebM, SVG, PDF or HTML file that was made here"
    parser.add_argument("file", type=file_name, metavar="FILE", help=formats)
    add = parser.add_argument
    words = "the picture again, in the format of its suffix"
    words += "; without it the recipe is printed"
    add("-o", "--output", type=file_name, metavar="FILE", help=words)
    add("--data", metavar="DATA", help="images of an experiment: mnist, digits or a folder")
    add("--most-work", type=float, metavar="N", help="run no more steps of paths than this")
    add("-q", "--quiet", action="store_true", help="no progress bar, no notes")
    add = parser.add_argument_group("other than it was").add_argument
    add("--layout", help="overlay, grid, race or 3d")
    add("--theme", help="light, dark, slides, slides-dark or print")
    add("--size", type=size, metavar="WxH", help="in pixels, such as 1280x720")
    add("--frames", type=int, metavar="N", help="how many frames")
    add("--pace", help="equal between frames: steps, length of the way, or loss")
    add("--trail", type=int, metavar="N", help="steps to show behind each head")
    add("--fps", type=float, help="frames a second")
    add("--end-pause", type=float, metavar="S", help="seconds to hold the end")
    add("--loop", type=int, metavar="N", help="times to play; 0 is for ever")
    add("--max-bytes", metavar="SIZE", help="largest file, such as 1MB")
    add("--no-poster", action="store_true", help="no still picture beside a video")
    parser.set_defaults(run=_replay, prog=parser.prog)


def _replay(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.checks import suffix
        from trajectories.plotting.canvas import FIGURE_FORMATS, save_figure
        from trajectories.plotting.maps.map_movies import save_map
        from trajectories.plotting.recipes.recipe import KINDS
        from trajectories.plotting.writers.formats import FORMATS
        from trajectories.replay import animation_of, figure_of, read_recipe
    hush(options)
    settings = given_options(options, _PICTURE_OPTIONS)
    recipe = read_recipe(options.file)
    if options.output is None:
        print(recipe.text)
        return
    kind = suffix("format of a picture", options.output, [*dict.fromkeys(FORMATS + FIGURE_FORMATS)])
    # A PNG may be moving or still, like the picture.
    settings |= {"most_work": options.most_work, "data": options.data}
    if kind not in FORMATS or (kind in FIGURE_FORMATS and not KINDS[recipe.kind].moves):
        save_figure(figure_of(recipe, **settings), options.output)
        print(options.output)
        return
    saving = given_options(options, _SAVING_OPTIONS)
    if kind == ".html" and KINDS[recipe.kind].page:
        results = recipe.again(most_work=options.most_work, data=options.data)
        save_map(results[0], options.output, theme=options.theme)
        print(options.output)
        return
    written = animation_of(recipe, **settings).save(
        options.output,
        **saving,
        max_bytes=options.max_bytes,
        poster=not options.no_poster,
        progress=not options.quiet,
    )
    for path in written:
        print(path)


def add_deck(commands: Any) -> None:
    """Add the command to a parser's sub-parsers."""
    parser = commands.add_parser("deck", help="put pictures and movies on slides")
    formats = "GIF, PNG, JPEG or MP4; for .html also WebP, APNG, SVG, WebM and pages"
    parser.add_argument("files", type=file_name, nargs="+", metavar="FILE", help=formats)
    add = parser.add_argument
    kinds = ".pptx, or .html to paste into a reveal.js deck (default talk.pptx)"
    add("-o", "--output", type=file_name, default="talk.pptx", metavar="DECK", help=kinds)
    title = "of a slide, once for each file in turn (default: what the file says of itself)"
    add("--title", action="append", metavar="TEXT", help=title)
    add("--theme", help="ground of all slides, light or dark (default: that of each picture)")
    parser.set_defaults(run=_deck, prog=parser.prog)


def _deck(options: argparse.Namespace) -> None:
    with quick_imports():
        from trajectories.plotting.writers.deck import deck

    deck(options.files, options.output, titles=options.title, theme=options.theme)
    print(options.output)
