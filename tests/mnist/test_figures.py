"""Figures of experiments: drawn from saved results, honest in words, nothing beyond the edge."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

# How a figure is made to move is told by its command alone, whose options are fewer.
from trajectories.mnist import History, Trainer
from trajectories.mnist.experiments import EXPERIMENTS, Result
from trajectories.mnist.figures import animate

#: Pages of the same kind once.
PAGES = [
    *(("optimizers", "loss"), ("optimizers", "accuracy"), ("zero_weights", "loss")),
    *(("activations", "all"), ("activations", "sigmoid"), ("layers", "he"), ("layers", "small")),
    *(("initial_weights", "loss"), ("batch_norm", "accuracy"), ("weight_decay", "accuracy")),
    *(("dropout", "accuracy"), ("dropout_ensemble", "accuracy")),
]


def words(figure):
    """List all that is written in a figure."""
    found = [text.get_text() for text in figure.texts]
    for ax in figure.axes:
        found += [text.get_text() for text in (*ax.texts, ax.xaxis.label, ax.yaxis.label)]
        found += [ax.get_title(loc) for loc in ("left", "center", "right")]
        if ax.get_legend() is not None:
            found += [text.get_text() for text in ax.get_legend().get_texts()]
    return [text for text in found if text.strip()]


def check_places(figure):
    """Make sure that no word is beyond the edge or on another."""
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
    shown = [text for text in found if text.get_visible() and text.get_text().strip()]
    boxes = [text.get_window_extent() for text in shown]
    width, height = figure.bbox.size
    for i, box in enumerate(boxes):
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, (shown[i].get_text(), box)
        for k, other in enumerate(boxes[:i]):
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            up = min(box.y1, other.y1) - max(box.y0, other.y0)
            # Extents have the room for letters that hang below the line.
            crossed = across > 2 and up > 0.3 * min(box.height, other.height)
            assert not crossed, (shown[i].get_text(), shown[k].get_text())


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


def test_layers_that_diverge_are_shown_as_far_as_they_came():
    how = {"optimizer": "sgd:lr=3", "quick": True, "moments": 20}
    found = EXPERIMENTS["layers"].function("layers")("digits", **how)
    last = found.arrays["moments"][-1]
    (lost,) = found.runs["ReLU, He"]
    assert lost.diverged
    assert last in lost.iteration
    assert "Diverged: ReLU, He" in " ".join(words(found.draw("small")))
    moving = animate(found, "he", size=(640, 400))
    assert len(list(moving.frames())) == len(found.arrays["moments"])


def test_what_is_equal_is_called_neither_above_nor_below():
    told = words(result_of((1.0, 1.0), (1.0, 0.99996)).draw())
    assert any(t.endswith("level with the plain network: 100.0 % against 100.0 %") for t in told)
    arrays = {"ensemble": [[0.5, 0.8]], "single": [[0.5, 0.6]], "scaled": [0.8]}
    found = result_of((1.0, 1.0), (1.0, 1.0))
    settings = {**found.settings, "dropout": 0.2}
    found = replace(found, experiment="dropout_ensemble", arrays=arrays, settings=settings)
    told = " ".join(words(found.draw()))
    assert "One scaled pass is level with the mean of 2 masks" in told
    assert "0.0 points" not in told


def test_names_of_data_are_no_mathematics(saved):
    found = saved("zero_weights")
    found = replace(found, data={**found.data, "name": "pay$day$"})
    told = [text for text in words(found.draw()) if "pay" in text]
    assert told
    assert all(r"pay\$day\$" in text for text in told)


# --- smoothing


def loss_line(*losses, lost=()):
    """Return what the figure of first weights draws for runs with these losses."""
    plain = result_of((1.0, 1.0), (1.0, 1.0)).runs["no weight decay"][0]
    runs = tuple(
        replace(plain, label="He", loss=each, diverged_at=2 if i in lost else None)
        for i, each in enumerate(losses)
    )
    settings = {"hidden": [100], "batch_size": 100, "iterations": max(map(len, losses))}
    data = {"name": "MNIST", "train": 60000, "test": 10000, "shape": [28, 28], "sum": ""}
    found = Result("initial_weights", data, settings, range(len(runs)), runs={"He": runs})
    figure = found.draw()
    return figure.axes[0].get_lines()[0].get_ydata(), figure


def test_smoothing_is_symmetric_everywhere_and_the_textbooks_in_the_middle():
    losses = np.random.default_rng(1).random(200)
    smooth, figure = loss_line(losses)
    assert "smoothed over 11 iterations" in " ".join(words(figure)).replace("\n", " ")
    assert np.isfinite(smooth).sum() >= 190
    np.testing.assert_allclose(smooth[10:190], loss_line(losses[::-1])[0][::-1][-190:-10])
    weights = np.kaiser(11, 2)
    theirs = np.convolve(losses, weights / weights.sum(), mode="valid")
    np.testing.assert_allclose(smooth[10:190], theirs[5:185])
    # A line stays a line to its very ends, which a padded window bends.
    line = np.linspace(5, 1, 80)
    drawn = loss_line(line)[0]
    np.testing.assert_allclose(drawn[2:-2], line[2 : len(drawn) - 2])
    # Curves that end early are smoothed as far as they go; it is told how many diverged.
    for lost, told in (((0, 1), "He (diverged)"), ((1,), "He (1 of 2 diverged)")):
        drawn, figure = loss_line(np.ones(40), np.ones(12), lost=lost)
        np.testing.assert_allclose(drawn[np.isfinite(drawn)], 1)
        assert any(text.startswith(told) for text in words(figure))


# --- whole figures


@pytest.mark.parametrize(("name", "page"), PAGES)
def test_a_page_is_drawn_from_the_saved_result_alone(name, page, saved, monkeypatch):
    found = saved(name)
    monkeypatch.setattr(Trainer, "train", None)
    figure = found.draw(page, theme="slides-dark")
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


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"page": "losses"}, "Unknown page 'losses'. Did you mean 'loss'"),
        ({"size": (8000, 200)}, "large enough for the panels"),
    ],
)
def test_wrong_arguments_are_refused(how, message, saved):
    with pytest.raises(ValueError, match=message):
        saved("initial_weights").draw(**how)
    with pytest.raises((TypeError, ValueError), match="what `layers` returns"):
        animate(saved("initial_weights"))


def test_the_band_holds_the_line(saved):
    found = saved("optimizers")
    ax = found.draw("accuracy").axes[0]
    rows = found.records("SGD 0.01", "test")
    area = ax.collections[0].get_paths()[0].vertices
    assert area[:, 1].min() == pytest.approx(rows.min())
    assert area[:, 1].max() == pytest.approx(rows.max())
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), np.median(rows, axis=0))


def test_diverged_runs_are_called_so(saved):
    figure = saved("batch_norm").draw()
    panels = figure.axes[:16]
    assert panels[0].get_title(loc="right") == "diverged"
    assert not panels[8].texts
    # The curve of a run that diverged ends there: there is no accuracy of 10 % behind it.
    assert len(panels[0].get_lines()[1].get_xdata()) == 1
    assert len(panels[8].get_lines()[1].get_xdata()) == 3


def test_a_run_that_diverged_is_not_the_lowest(saved):
    found = saved("optimizers")

    def lowest(result):
        (text,) = (text for text in words(result.draw()) if text.startswith("Lowest at the end"))
        return text

    best = next(label for label in found.runs if f": {label}," in lowest(found))
    lost = tuple(replace(run, diverged_at=2) for run in found.runs[best])
    assert f": {best}," not in lowest(replace(found, runs={**found.runs, best: lost}))


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
    title = words(found.draw())
    assert any(all(part in text for part in parts) for text in title)
    assert any("MNIST (300 of 60,000 training images, 10,000 test images)" in t for t in title)


def test_of_diverged_runs_no_gap_is_told_and_a_quick_look_is_called_one():
    found = result_of((1.0, 1.0), (0.7, 0.7), diverged=True)
    told = words(found.draw())
    assert "Runs with no weight decay diverged" in told
    assert not any("gap" in text or "quick look" in text for text in told)
    quick = Result.from_dict({**found.to_dict(), "quick": True})
    assert any("quick look" in text for text in words(quick.draw()))


# --- moving pictures


def test_a_movie_has_a_frame_for_each_moment_that_equals_its_full_draw(saved, tmp_path):
    found = saved("layers")
    movie = animate(found, "small", size=(640, 400))
    assert movie.frame_steps == (0, 4, 8, 12, 16, 20)
    (path,) = movie.save(tmp_path / "a.gif", fps=5)
    with Image.open(path) as image:
        assert image.n_frames == 6
        assert image.size == movie.size == (640, 400)
    frames, picture = [frame.copy() for frame in movie.frames()], movie.picture()
    for step, frame in zip(movie.frame_steps, frames, strict=True):
        picture.show(step)
        picture.figure.canvas.draw()
        drawn = np.asarray(picture.figure.canvas.buffer_rgba())[..., :3]
        np.testing.assert_array_equal(drawn, frame)
    assert len({frame.tobytes() for frame in frames}) == 6
    counts = found.arrays["ReLU, std 0.01 gradients"][-1, 1]
    (bars, _) = picture.figure.axes[5].patches
    np.testing.assert_allclose(bars.get_data().values, counts / counts.sum())
    accuracy = 100 * found.runs["ReLU, std 0.01"][0].final["test"]
    assert f"ReLU, std 0.01: 20 iterations, test accuracy {accuracy:.1f} %" in words(picture.figure)
