"""Runs of training: what is recorded when, how they end, and that nothing is lost in between."""

import copy
import itertools
import os
import time

import numpy as np
import pytest

from trajectories import SGD, Adam
from trajectories.mnist import MultiLayerNet, Trainer, train_all

FULL = {"batch_norm": True, "dropout": 0.2, "weight_decay": 0.01}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 400)
    images = np.clip(60 * labels[:, None] + rng.normal(40, 30, (400, 8)), 0, 255)
    return images.astype(np.uint8), labels


def run_of(data, optimizer="sgd:lr=0.1", network=None, **settings):
    made = {"rng": 1, **(network or {})}
    settings = {"iterations": 60, "rng": 2, "batch_size": 32, "scale": 255.0, **settings}
    return Trainer(MultiLayerNet(8, [6, 5], 3, **made), optimizer, *data, **settings)


def drawn(rng):
    """Return what a generator would draw next."""
    twin = copy.deepcopy(rng)
    return twin.random_sample(3) if isinstance(twin, np.random.RandomState) else twin.random(3)


def same(mine, theirs):
    """Tell whether two runs have come to the same state, bit for bit."""
    for a, b in [
        (mine.network.state(), theirs.network.state()),
        (mine.optimizer.state(), theirs.optimizer.state()),
        (mine.snapshots, theirs.snapshots),
    ]:
        assert a.keys() == b.keys()
        for name, array in a.items():
            np.testing.assert_array_equal(array, b[name], err_msg=name)
    np.testing.assert_array_equal(drawn(mine.rng), drawn(theirs.rng))
    np.testing.assert_array_equal(drawn(mine.network.rng), drawn(theirs.network.rng))
    return mine.history == theirs.history


# --- what is recorded


def test_it_is_the_loop_that_anyone_would_write(data):
    images, labels = data
    history = run_of(data, "momentum:lr=0.05").train()
    network, rng = MultiLayerNet(8, [6, 5], 3, rng=1), np.random.default_rng(2)
    rule, losses = run_of(data, "momentum:lr=0.05").optimizer, []
    for _ in range(60):
        picked = rng.choice(400, 32)
        x = images[picked].astype(np.float32) / np.float32(255)
        losses.append(network.loss_and_gradient(x, labels[picked]))
        rule.update(network.params, network.grads)
    np.testing.assert_array_equal(history.loss, losses)


@pytest.mark.parametrize(
    ("images", "batch_size", "ends"),
    [
        (400, 100, [4, 8, 12, 16]),
        (400, 128, [4, 7, 10, 13]),
        (100, 100, [1, 2, 3, 4]),
    ],
)
def test_epochs_end_when_as_many_images_as_there_are_have_been_drawn(images, batch_size, ends):
    pixels, labels = np.zeros((images, 1), np.uint8), np.zeros(images, int)
    network = MultiLayerNet(1, [], 2, rng=0)
    run = Trainer(network, "sgd", pixels, labels, batch_size=batch_size, epochs=4, rng=0)
    history = run.train()
    assert history.iteration.tolist() == [0, *ends]
    assert history.epoch.tolist() == [0, 1, 2, 3, 4]
    assert len(history.loss) == ends[-1]


def test_records_are_of_the_start_of_every_epoch_and_of_the_end(data):
    held = {"train": data, "test": (data[0][:50], data[1][:50])}
    history = run_of(data, evaluate=held, iterations=30).train()
    assert history.iteration.tolist() == [0, 13, 25, 30]
    assert history.epoch.tolist() == [0, 1, 2, 2]
    assert set(history.accuracy) == {"train", "test"}
    assert history.accuracy["train"][-1] > history.accuracy["train"][0]
    run = run_of(data, evaluate=held, iterations=30)
    for i in range(30):
        if i in (0, 13, 25):
            expected = run.network.accuracy(*held["test"], scale=255.0)
            assert history.accuracy["test"][[0, 13, 25].index(i)] == expected
        run.step()
    assert run.history == history


def test_a_twin_predicts_as_in_training_and_the_run_goes_on_as_it_would(data, monkeypatch):
    how = {"network": FULL, "evaluate": {"train": data}, "snapshot_every": 25}
    plain, watched = (run_of(data, **how) for _ in range(2))
    shapes, weights, ticks = [], {}, itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))

    def watch(run):
        next(ticks)  # Seconds are those of training alone.
        twin = copy.deepcopy(run.network)
        twin.predict(data[0][:9], scale=255.0, train=True)
        shapes.append([layer.shape for layer in twin.activations])
        weights[run.iteration] = run.network.flat_params.copy()

    history = watched.train(watch=watch)
    plain.train()
    assert shapes == [[(9, 6), (9, 5)]] * 61
    assert same(watched, plain)
    assert history.seconds.tolist() == history.iteration.tolist()
    assert list(plain.snapshots) == [0, 25, 50, 60]
    for iteration, found in plain.snapshots.items():
        np.testing.assert_array_equal(found, weights[iteration])


# --- how it ends


@pytest.mark.parametrize("every", [1, "epoch", None])
def test_a_loss_that_is_not_finite_ends_the_run_and_says_so(every, data):
    history = run_of(data, SGD(1e30), evaluate={"train": data}, evaluate_every=every).train()
    assert history.diverged
    assert history.diverged_at == len(history.loss) < 5
    assert np.isfinite(history.loss).all()
    assert np.isfinite(history.accuracy["train"]).all()
    assert np.isnan(history.final["train"])


# --- checkpoints


def stopped(run, iteration, kind=InterruptedError):
    def watch(run):
        if run.iteration == iteration:
            raise kind

    with pytest.raises(kind):
        run.train(watch=watch)


@pytest.mark.parametrize(
    ("rule", "dtype", "generator"),
    [
        ("sgd", "float32", np.random.default_rng),
        ("nadam", "float64", np.random.default_rng),
        ("yogi", "float32", np.random.RandomState),  # The textbook's.
    ],
)
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(
    rule, dtype, generator, data, tmp_path
):
    def made(**more):
        rng = generator(5)
        network = {**FULL, "dtype": dtype, "rng": rng}
        how = {"evaluate": {"train": data}, "iterations": 250, "snapshot_every": 100, **more}
        return run_of(data, rule, network=network, rng=rng, **how)

    whole = made()
    whole.train()
    kept = {"checkpoint": tmp_path / "a.npz", "checkpoint_every": 40}
    stopped(made(**kept), 131)
    stopped(made(**kept), 170, KeyboardInterrupt)
    last, seen = made(**kept), []
    last.train(watch=lambda run: seen.append(run.iteration))
    assert seen[0] == 161
    assert last.rng is last.network.rng
    assert same(last, whole)


def test_a_finished_run_is_read_and_not_run_again(data, tmp_path):
    settings = {"checkpoint": tmp_path / "a.npz", "evaluate": {"train": data}}
    first = run_of(data, "adam", **settings)
    history = first.train()
    assert first.train() == history
    with pytest.raises(ValueError, match="The run is over"):
        first.step()
    again, seen = run_of(data, "adam", **settings), []
    again.train(watch=seen.append)
    assert seen == []
    assert same(again, first)
    np.testing.assert_array_equal(again.history.seconds, history.seconds)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"iterations": 61}, "iterations is 60 there and 61 here"),
        ({"optimizer": "adam:lr=0.01"}, "optimizer.lr is 0.001 there and 0.01 here"),
        ({"network": {"dropout": 0.5}}, "network.dropout is 0.0 there and 0.5 here"),
        ({"network": {"rng": 9}}, "the first weights' sum is"),
        ({"rng": np.random.default_rng(9)}, "seed is 2 there and None here"),
        ({"snapshot_every": 10}, "snapshot_every is None there and 10 here"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_in_one_line(change, told, data, tmp_path):
    path = tmp_path / "a.npz"
    settings = {"optimizer": "adam", "evaluate": {"train": data}, "checkpoint": path}
    run_of(data, **settings).train()
    before = path.read_bytes()
    other = run_of(data, **{**settings, **change})
    weights = other.network.flat_params.copy()
    with pytest.raises(ValueError, match="is the checkpoint of another run: ") as error:
        other.train()
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    np.testing.assert_array_equal(other.network.flat_params, weights)


def test_a_broken_checkpoint_is_told_by_name_and_left_alone(data, tmp_path):
    path = tmp_path / "a.npz"
    run_of(data, checkpoint=path).train()
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.npz' holds no checkpoint"):
            run_of(data, checkpoint=path).train()
        assert path.read_bytes() == content
    images = data[0].copy()
    images[17, 3] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="another run: data is"):
        run_of((images, data[1]), checkpoint=path).train()
    np.savez(path, about=np.array("{}"))
    with pytest.raises(ValueError, match="holds no checkpoint"):
        run_of(data, checkpoint=path).train()


def test_a_checkpoint_whose_arrays_have_other_shapes_changes_nothing(data, tmp_path):
    path = tmp_path / "a.npz"
    run_of(data, "adam", checkpoint=path, snapshot_every=30).train()
    with np.load(path) as file:
        arrays = dict(file)
    for name, array in arrays.items():
        if array.ndim and len(array) > 1:
            np.savez(path, **arrays | {name: array[:1]})
            fresh, run = (run_of(data, "adam", snapshot_every=30, checkpoint=path) for _ in "ab")
            with pytest.raises(ValueError, match="holds no checkpoint"):
                run.train()
            assert same(run, fresh), name


def test_a_write_that_fails_leaves_the_last_checkpoint(data, tmp_path, monkeypatch):
    path, count = tmp_path / "a.npz", itertools.count()
    real = os.replace

    def full_disk(source, target):
        if next(count) == 1:
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(os, "replace", full_disk)
    settings = {"checkpoint": path, "checkpoint_every": 20}
    with pytest.raises(OSError, match="No space"):
        run_of(data, "adam", **settings).train()
    assert list(tmp_path.iterdir()) == [path]
    last, whole = run_of(data, "adam", **settings), run_of(data, "adam")
    last.train()
    whole.train()
    assert same(last, whole)


# --- denormals


def test_no_denormals_are_left_of_a_pixel_that_is_lit_no_more():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (200, 8), dtype=np.uint8), rng.integers(0, 3, 200)
    dark = images.copy()
    dark[:, 0] = 0
    network, rule = MultiLayerNet(8, [6], 3, rng=0), Adam()
    losses, rng = [], np.random.default_rng(0)
    for i in range(1500):  # The loop that anyone would write comes to denormals.
        picked = rng.choice(200, 100)
        x = (images if i < 50 else dark)[picked].astype(np.float32) / np.float32(255)
        losses.append(network.loss_and_gradient(x, labels[picked]))
        rule.update({"all": network.flat_params}, {"all": network.flat_grads})

    def darken(run):
        if run.iteration == 50:
            images[:, 0] = 0

    network = MultiLayerNet(8, [6], 3, rng=0)
    run = Trainer(network, "adam", images, labels, scale=255.0, iterations=1500, rng=0)
    np.testing.assert_array_equal(run.train(watch=darken).loss, losses)
    m, theirs = run.optimizer.state()["all/m"], rule.state()["all/m"]
    tiny = np.finfo(np.float32).tiny
    assert np.any((theirs != 0) & (np.abs(theirs) < tiny))
    assert not np.any((m != 0) & (np.abs(m) < tiny))


# --- several runs


def falling(step):
    return 0.1 / (1 + step)


def test_several_processes_give_what_one_gives(data):
    def made():
        return [
            run_of(data, rule, network=FULL, evaluate={"train": data}, snapshot_every=30)
            for rule in ("sgd", "adam", "nadam", SGD(1e30), SGD(falling))
        ]

    apart, here = made(), made()
    histories = train_all(apart, n_jobs=2)
    assert histories == [run.train() for run in here]
    assert [history.label for history in histories] == ["SGD", "Adam", "NAdam", "SGD", "SGD"]
    for mine, theirs in zip(apart, here, strict=True):
        assert same(mine, theirs)
        assert mine.snapshots.keys() == theirs.snapshots.keys()
    assert train_all(apart, n_jobs=1) == histories


def test_runs_that_share_what_they_change_are_refused(data, tmp_path):
    network, rng = MultiLayerNet(8, [6], 3, rng=0), np.random.default_rng(0)
    pairs = {
        "a network": [Trainer(network, "sgd", *data, iterations=2) for _ in range(2)],
        "a generator": [run_of(data, rng=rng) for _ in range(2)],
        "a checkpoint": [run_of(data, checkpoint=tmp_path / "a.npz") for _ in range(2)],
    }
    for what, runs in pairs.items():
        with pytest.raises(ValueError, match=f"have {what} in common"):
            train_all(runs)
    old = np.random.RandomState(0)
    twins = (np.random.Generator(rng.bit_generator) for _ in range(2))
    for runs in (
        [run_of(data, network={**FULL, "rng": old}, rng=seed) for seed in (0, 1)],
        [run_of(data, network={**FULL, "rng": twin}) for twin in twins],
    ):
        with pytest.raises(ValueError, match="have a generator in common"):
            train_all(runs, n_jobs=1)
        assert not any(run.iteration for run in runs)
    alone = [run_of(data, network={**FULL, "rng": g}, rng=g) for g in (rng, old)]
    assert len(train_all(alone, n_jobs=1)) == 2
    with pytest.raises(TypeError, match="`trainers` must be a list of Trainers"):
        train_all([network])
    with pytest.raises(ValueError, match="`n_jobs` must be at least 1"):
        train_all(pairs["a network"][:1], n_jobs=0)
    assert train_all([]) == []


# --- what is refused


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"network": None}, TypeError, "`network` must be a MultiLayerNet"),
        ({"optimizer": "newton"}, ValueError, "`optimizer` must be one that needs no surface"),
        ({"images": np.zeros((400, 7))}, ValueError, "`images` must be of shape (rows, 8)"),
        ({"labels": np.full(400, 3)}, ValueError, "`labels` must be between 0 and 2. Got 3"),
        ({"scale": 0}, ValueError, "`scale` must be positive"),
        ({"batch_size": 0}, ValueError, "`batch_size` must be at least 1"),
        ({"epochs": 3}, ValueError, "Either `iterations` or `epochs` must be given, and not both"),
        ({"evaluate_every": "week"}, ValueError, "`evaluate_every` must be 'epoch', a number"),
        ({"rng": "x"}, ValueError, "`rng` must be a seed, a generator or None"),
        (
            {"evaluate": {"test": (np.zeros((3, 8)), [0, 1])}},
            ValueError,
            "`evaluate['test'][1]` must be of shape (3,)",
        ),
    ],
)
def test_bad_arguments_are_told_in_one_line(change, kind, message, data):
    settings = {
        "network": MultiLayerNet(8, [6], 3, rng=0),
        "optimizer": "sgd",
        "images": data[0],
        "labels": data[1],
        "iterations": 5,
        **change,
    }
    with pytest.raises(kind) as error:
        Trainer(**settings)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
