"""Figures of experiments: drawn from saved results, honest in words, nothing beyond the edge."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

from trajectories.mnist.experiments import EXPERIMENTS
from trajectories.mnist.experiments import study as study_module
from trajectories.mnist.experiments.study import Result
from trajectories.mnist.figures import _PAGES, animate, draw
from trajectories.mnist.figures.curves import (
    band,
    draw_band,
    ended,
    fastest,
    smooth_losses,
    smoothed,
    verdict,
    window_for,
)
from trajectories.mnist.figures.histograms import animate_signals
from trajectories.mnist.figures.sheet import data_words, sheet
from trajectories.mnist.history import History
from trajectories.plotting.animation import Painter
from trajectories.plotting.theme import THEMES, applied

PAGES = [(name, page) for name, experiment in EXPERIMENTS.items() for page in experiment.pages]
SHORT = {
    "optimizers": {"iterations": 30, "seeds": 2},
    "zero_weights": {"iterations": 20, "seeds": 2},
    "activations": {"seeds": 1},
    "layers": {"iterations": 20, "moments": 5},
    "initial_weights": {"iterations": 20, "seeds": 2},
    "batch_norm": {"epochs": 2, "seeds": 1},
    "weight_decay": {"epochs": 4, "seeds": 2},
    "dropout": {"epochs": 4, "seeds": 2},
    "ensemble": {"epochs": 3, "masks": 5, "seeds": 2},
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a function that runs an experiment once, and from then on loads what it saved."""
    folder = tmp_path_factory.mktemp("results")

    def result(name):
        path = folder / f"{name}.json"
        if not path.exists():
            run = EXPERIMENTS[name].function(name)
            run("digits", **SHORT[name], workers=1).save(path)
        return Result.load(path)

    return result


def words(figure):
    """List all that is written in a figure."""
    found = [text.get_text() for text in figure.texts]
    for ax in figure.axes:
        found += [text.get_text() for text in (*ax.texts, ax.xaxis.label, ax.yaxis.label)]
        found += [ax.get_title(loc) for loc in ("left", "center", "right")]
        if ax.get_legend() is not None:
            found += [text.get_text() for text in ax.get_legend().get_texts()]
    return [text for text in found if text.strip()]


def texts(figure):
    """List the artists of all visible texts."""
    figure.canvas.draw()
    found = list(figure.texts)
    for ax in figure.axes:
        found += [*ax.texts, ax.title, ax._left_title, ax._right_title]
        if ax.axison:
            found += [ax.xaxis.label, ax.yaxis.label]
            for axis in (ax.xaxis, ax.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                found += [tick.label1 for tick in ticks]
        if ax.get_legend() is not None:
            found += ax.get_legend().get_texts()
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def result_of(train, test, diverged=False):
    """Make a result of overfitting that ends in these accuracies, a pair for each variant."""

    def run(label, train, test):
        return History(
            label=label,
            loss=np.ones(3),
            iteration=np.array([0, 3]),
            epoch=np.array([0, 1]),
            accuracy={"train": np.array([0.1, train]), "test": np.array([0.1, test])},
            seconds=np.array([0.0, 1.0]),
            diverged_at=2 if diverged else None,
            settings={"network": {"input_size": 784, "hidden_sizes": [100], "output_size": 26}},
        )

    labels = ("no weight decay", "weight decay 0.1")
    data = {"name": "MNIST", "train": 60000, "test": 10000, "shape": [28, 28], "sum": ""}
    settings = {"hidden": [100], "batch_size": 100, "images": 300, "epochs": 1}
    runs = {k: (run(k, a, b),) for k, a, b in zip(labels, train, test, strict=True)}
    return Result("weight_decay", data, settings, (0,), runs=runs)


@pytest.mark.parametrize(("lr", "moments"), [("3", 60), ("1e3", 12), ("1e30", 12)])
def test_layers_that_diverge_are_shown_as_far_as_they_came(lr, moments, tmp_path):
    how = {"optimizer": f"sgd:lr={lr}", "quick": True, "moments": moments}
    found = EXPERIMENTS["layers"].function("layers")("digits", **how)
    last = found.arrays["moments"][-1]
    (lost,) = found.runs["ReLU, He"]
    assert lost.diverged
    assert last in lost.iteration
    for page in ("he", "small"):
        told = " ".join(words(draw(found, page)))
        assert "Diverged: ReLU, He" in told
        moving = animate(found, page, size=(640, 400))
        assert len(list(moving.frames())) == len(found.arrays["moments"])


def test_the_network_is_told_with_as_many_classes_as_there_are():
    told = " ".join(words(draw(result_of((0.9, 0.8), (0.7, 0.75)))))
    assert "784-100-26" in told


def test_what_is_equal_is_called_neither_above_nor_below():
    best, *_ = verdict(result_of((1.0, 1.0), (1.0, 0.99996)))
    assert best.endswith("ends level with the plain network: 100.0 % against 100.0 %")
    arrays = {"ensemble": [[0.5, 0.8]], "single": [[0.5, 0.6]], "scaled": [0.8]}
    found = result_of((1.0, 1.0), (1.0, 1.0))
    settings = {**found.settings, "dropout": 0.2}
    found = replace(found, experiment="ensemble", arrays=arrays, settings=settings)
    told = " ".join(words(draw(found)))
    assert "One scaled pass is level with the mean of 2 masks" in told
    assert "0.0 points" not in told


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if EXPERIMENTS[name].images])
def test_names_of_data_are_no_mathematics(name, saved):
    found = saved(name)
    found = replace(found, data={**found.data, "name": "pay$day$"})
    told = [text for text in words(draw(found)) if "pay" in text]
    assert told
    assert all(r"pay\$day\$" in text for text in told)


# --- smoothing


def test_smoothing_is_symmetric_everywhere():
    random = np.random.default_rng(0).random(200)
    smooth = smoothed(random, 21)
    np.testing.assert_allclose(smoothed(random[::-1], 21)[::-1], smooth)
    # A line stays a line to its very ends, which a padded window bends.
    line = np.linspace(5, 1, 80)
    np.testing.assert_allclose(smoothed(line, 31), line)
    assert smooth[[0, -1]] == pytest.approx(random[[0, -1]])
    assert smooth[20:-20].std() < 0.5 * random.std()


def test_smoothing_is_the_textbooks_in_the_middle():
    losses = np.random.default_rng(1).random(60)
    weights = np.kaiser(11, 2)
    padded = np.r_[losses[10:0:-1], losses, losses[-1:-11:-1]]
    theirs = np.convolve(weights / weights.sum(), padded, mode="valid")[5:-5]
    np.testing.assert_allclose(smoothed(losses, 11)[10:-10], theirs[10:-10])


def test_curves_that_end_early_are_smoothed_as_far_as_they_go():
    rows = np.ones((2, 40))
    rows[1, 12:] = np.nan
    smooth = smoothed(rows, 11)
    np.testing.assert_allclose(smooth, rows)
    assert smoothed([np.nan, np.nan], 11).shape == (2,)
    np.testing.assert_array_equal(smoothed([3.0], 11), [3.0])


@pytest.mark.parametrize("window", [0, -1, 10])
def test_windows_are_odd(window):
    with pytest.raises(ValueError, match="`window` must be odd"):
        smoothed([1.0, 2.0], window)


def test_the_window_grows_with_the_run():
    assert [window_for(n) for n in (1, 500, 2000, 10_000)] == [11, 13, 51, 251]


def test_the_ends_of_smoothed_losses_are_left_out(saved):
    rows = smooth_losses(saved("optimizers"), "SGD 0.01")
    there = np.isfinite(rows[0])
    assert not there[0]
    assert not there[-1]
    assert there[2:-2].all()


def test_a_band_is_from_the_lowest_to_the_highest():
    rows = np.random.default_rng(0).random((5, 7))
    low, middle, high = band(rows)
    np.testing.assert_array_equal(low, rows.min(axis=0))
    np.testing.assert_array_equal(middle, np.median(rows, axis=0))
    np.testing.assert_array_equal(high, rows.max(axis=0))
    assert np.isnan(band([[np.nan]])).all()


def test_stretches_are_as_long_as_in_the_fastest_run():
    assert fastest([[0, 2, 3, 9], [0, 1, 4, np.nan]]).tolist() == [0, 1, 2, 8]


# --- whole figures


def test_every_page_that_is_listed_can_be_drawn():
    listed = {name: list(experiment.pages) for name, experiment in EXPERIMENTS.items()}
    assert listed == {name: list(pages) for name, pages in _PAGES.items()}


@pytest.mark.parametrize("theme", ["slides-dark", pytest.param("light", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "page"), PAGES)
def test_a_page_is_drawn_from_the_saved_result_alone(name, page, theme, saved, monkeypatch):
    found = saved(name)
    monkeypatch.setattr(study_module, "train_all", None)
    figure = draw(found, page, theme=theme)
    told = " ".join(words(figure))
    if EXPERIMENTS[name].images:
        assert "digits" in told
        assert "training images" in told
        assert "MNIST" not in told
    else:
        assert "not images" in told
    # What is empty has no legend; a legend has a label for each entry.
    for ax in figure.axes:
        legend = ax.get_legend()
        assert legend is None or all(text.get_text() for text in legend.get_texts())
    assert sum(ax.get_legend() is not None for ax in figure.axes) <= 1
    check_places(figure)


def check_places(figure):
    """Make sure that no word is beyond the edge or on another."""
    shown = texts(figure)
    boxes = [text.get_window_extent() for text in shown]
    width, height = figure.bbox.size
    for text, box in zip(shown, boxes, strict=True):
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, (text.get_text(), box)
    for i, box in enumerate(boxes):
        for k in range(i):
            other = boxes[k]
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            up = min(box.y1, other.y1) - max(box.y0, other.y0)
            # Extents have the room for letters that hang below the line.
            crossed = across > 2 and up > 0.3 * min(box.height, other.height)
            assert not crossed, (shown[i].get_text(), shown[k].get_text())


def test_size_and_theme_are_those_asked_for(saved):
    figure = draw(saved("initial_weights"), theme="dark", size=(640, 480))
    assert figure.canvas.get_width_height() == (640, 480)
    with applied("dark"):
        assert to_rgba(figure.get_facecolor()) == to_rgba("#11161D")
    assert "dark" in THEMES
    method = saved("initial_weights").draw(theme="dark", size=(640, 480))
    figure.canvas.draw()
    method.canvas.draw()
    np.testing.assert_array_equal(figure.canvas.buffer_rgba(), method.canvas.buffer_rgba())


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ({"page": "losses"}, ValueError, "Unknown page 'losses'. Did you mean 'loss'"),
        ({"theme": "drak"}, ValueError, "Unknown theme"),
        ({"size": (50, 50)}, ValueError, "`size` must be"),
        ({"size": (8000, 200)}, ValueError, "large enough for the panels"),
    ],
)
def test_wrong_arguments_are_refused(how, kind, message, saved):
    with pytest.raises(kind, match=message):
        draw(saved("initial_weights"), **how)


def test_other_things_than_results_are_refused(saved):
    with pytest.raises(TypeError, match="what an experiment returns"):
        draw({"experiment": "optimizers"})
    with pytest.raises(ValueError, match="Unknown experiment"):
        draw(Result("other", {"name": "digits"}, {}, (0,)))
    with pytest.raises(ValueError, match="what `layers` returns"):
        animate(saved("optimizers"))


def test_axes_are_the_textbooks(saved):
    left, right, *_ = draw(saved("optimizers")).axes
    assert left.get_ylim() == (0, 1)
    assert right.get_yscale() == "log"
    assert draw(saved("initial_weights")).axes[0].get_ylim() == (0, 2.5)
    panels = draw(saved("batch_norm")).axes[:16]
    assert [ax.get_title("left") for ax in panels][:3] == ["std 1", "std 0.54", "std 0.29"]
    assert len({ax.get_ylim() for ax in panels}) == 1


def test_lines_differ_in_colour_and_in_marker(saved):
    figure = draw(saved("optimizers"), theme="light")
    lines = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) > 2]
    assert len(lines) == 8
    assert len({line.get_color() for line in lines}) == 8
    assert len({line.get_marker() for line in lines}) == 8


def test_the_band_holds_the_line(saved):
    found = saved("optimizers")
    ax = draw(found, "accuracy").axes[0]
    rows = found.records("SGD 0.01", "test")
    area = ax.collections[0].get_paths()[0].vertices
    assert area[:, 1].min() == pytest.approx(rows.min())
    assert area[:, 1].max() == pytest.approx(rows.max())
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), np.median(rows, axis=0))


def test_diverged_runs_are_called_so(saved):
    figure = draw(saved("batch_norm"))
    panels = figure.axes[:16]
    assert panels[0].get_title(loc="right") == "diverged"
    assert not panels[8].texts
    # The curve of a run that diverged ends there: there is no accuracy of 10 % behind it.
    assert len(panels[0].get_lines()[1].get_xdata()) == 1
    assert len(panels[8].get_lines()[1].get_xdata()) == 3


def test_of_several_runs_it_is_told_how_many_diverged():
    one, other = result_of((1.0, 0.9), (0.8, 0.8)), result_of((1.0, 0.9), (0.8, 0.8), True)
    label = next(iter(one.runs))
    two = replace(one, seeds=(0, 1), runs={k: one.runs[k] + other.runs[k] for k in one.runs})
    assert ended(one, label) == label
    assert ended(other, label) == f"{label} (diverged)"
    assert ended(two, label) == f"{label} (1 of 2 diverged)"


def test_a_run_that_diverged_is_not_the_lowest(saved):
    found = saved("optimizers")

    def lowest(result):
        (text,) = (text for text in words(draw(result)) if text.startswith("Lowest at the end"))
        return text

    best = next(label for label in found.runs if f": {label}," in lowest(found))
    lost = tuple(replace(run, diverged_at=2) for run in found.runs[best])
    assert f": {best}," not in lowest(replace(found, runs={**found.runs, best: lost}))


def test_a_curve_of_nothing_is_not_drawn():
    ax = Figure().add_subplot()
    draw_band(ax, np.arange(3), np.full((2, 3), np.nan), {"color": "red"})
    assert not ax.lines
    assert not ax.collections


@pytest.mark.parametrize(
    ("train", "test", "parts"),
    [
        ((1.0, 0.9), (0.75, 0.7), ["narrows", "25 to 20", "but", "below", "70.0 % against 75.0 %"]),
        ((1.0, 0.9), (0.75, 0.8), ["narrows", "25 to 10", "and", "above"]),
        ((1.0, 1.0), (0.75, 0.7), ["widens", "25 to 30", "and", "below"]),
        ((1.0, 0.9), (0.75, 0.65), ["leaves the gap at 25 points", "and", "below"]),
    ],
)
def test_what_is_said_of_overfitting_is_what_was_found(train, test, parts):
    found = result_of(train, test)
    said = verdict(found)[0]
    for part in parts:
        assert part in said
    title = words(draw(found))
    assert said in title
    assert any("MNIST (300 of 60,000 training images, 10,000 test images)" in t for t in title)


def test_of_diverged_runs_no_gap_is_told():
    found = result_of((1.0, 1.0), (0.7, 0.7), diverged=True)
    assert verdict(found) == ["Runs with no weight decay diverged"]
    assert not any("gap" in text for text in words(draw(found)))


def test_units_are_told_apart(saved):
    told = words(draw(saved("zero_weights")))
    assert "all 0: no weight has changed" in told
    assert "all 0.01: 100 units, all the same" in told
    assert "random (He): 100 of 100 units differ" in told


def test_a_quick_look_is_called_one(saved):
    found = saved("initial_weights")
    assert not any("quick look" in text for text in words(draw(found)))
    quick = Result.from_dict({**found.to_dict(), "quick": True})
    assert any("quick look" in text for text in words(draw(quick)))


def test_a_data_sets_name_is_written_as_it_is():
    about = {"name": "a $x$ b", "train": 100, "test": 20, "shape": [2, 2]}
    found = Result("dropout", about, {}, (0,))
    assert data_words(found, 300) == r"a \$x\$ b (100 training images, 20 test images)"


def test_a_foot_takes_as_many_lines_as_it_needs():
    with applied("light"):
        short = sheet(None, (800, 600), 1, 1, title=["t"], foot="words")
        long = sheet(None, (800, 600), 1, 1, title=["t"], foot="words " * 60)
    assert len(short.figure.texts) == 1
    assert len(long.figure.texts) > 3
    assert long.axes[0].get_position().y0 > short.axes[0].get_position().y0
    assert sum(text.get_text().count("words") for text in long.figure.texts) == 60


# --- moving pictures


@pytest.fixture
def movie(saved):
    return animate(saved("layers"), "small", size=(640, 400))


def test_signals_are_those_of_layers_and_of_a_network_there(saved):
    with pytest.raises(TypeError, match="`result` must be what `layers` returns"):
        animate_signals(saved("dropout"))
    with pytest.raises(ValueError, match="`network` must be one of 'ReLU, He', .* Got 'tanh'"):
        animate_signals(saved("layers"), "tanh")


def test_a_frame_for_each_moment(movie, tmp_path):
    assert movie.frame_steps == (0, 4, 8, 12, 16, 20)
    assert movie.size == (640, 400)
    for kind in ("gif", "png", "webp"):
        (path,) = movie.save(tmp_path / f"a.{kind}", fps=5)
        with Image.open(path) as image:
            assert image.n_frames == 6
            assert image.size == (640, 400)


def test_painted_frames_equal_full_draws_and_differ(movie):
    picture = movie.picture()
    painter = Painter(picture)
    frames = []
    for step in movie.frame_steps:
        frames.append(painter.paint(step).copy())
        picture.figure.canvas.draw()
        np.testing.assert_array_equal(picture.figure.canvas.buffer_rgba(), frames[-1])
    assert len({frame.tobytes() for frame in frames}) == 6


def test_a_movie_shows_the_histograms_and_the_accuracy(movie, saved):
    found, picture = saved("layers"), movie.picture()
    picture.show(20)
    counts = found.arrays["ReLU, std 0.01 gradients"][-1, 1]
    (bars, _) = picture.figure.axes[5].patches
    np.testing.assert_allclose(bars.get_data().values, counts / counts.sum())
    accuracy = 100 * found.runs["ReLU, std 0.01"][0].final["test"]
    assert f"ReLU, std 0.01: 20 iterations, test accuracy {accuracy:.1f} %" in words(picture.figure)
