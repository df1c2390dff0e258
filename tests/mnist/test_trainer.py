"""Runs of training: what is recorded when, how they end, and that nothing is lost in between."""

import copy
import itertools
import os

import numpy as np
import pytest

from trajectories.mnist import trainer as trainer_module
from trajectories.mnist.history import History, load_state, state_of
from trajectories.mnist.layers import flush_denormals
from trajectories.mnist.network import MultiLayerNet
from trajectories.mnist.trainer import Calendar, Trainer, train_all
from trajectories.optimizers.adam import Adam
from trajectories.optimizers.gradient import SGD

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


def same(mine, theirs):
    """Tell whether two runs have come to the same state, bit for bit."""
    a, b = state_of(mine), state_of(theirs)
    assert a.arrays.keys() == b.arrays.keys()
    for name, array in a.arrays.items():
        np.testing.assert_array_equal(array, b.arrays[name], err_msg=name)
    assert a.about["rng"] == b.about["rng"]
    assert a.about["network_rng"] == b.about["network_rng"]
    return mine.history == theirs.history


# --- what is recorded


def test_it_is_the_loop_that_anyone_would_write(data):
    images, labels = data
    history = run_of(data, "momentum:lr=0.05").run()
    network, rng = MultiLayerNet(8, [6, 5], 3, rng=1), np.random.default_rng(2)
    rule, losses = run_of(data, "momentum:lr=0.05").optimizer, []
    for _ in range(60):
        picked = rng.choice(400, 32)
        x = images[picked].astype(np.float32) / np.float32(255)
        losses.append(network.loss_and_gradient(x, labels[picked]))
        rule.update(network.params, network.grads)
    np.testing.assert_array_equal(history.loss, losses)


def test_first_loss_is_that_before_any_update(data):
    run = run_of(data)
    before = run.network.state()
    loss = run.step()
    x, labels = run.batch
    run.network.load_state(before)
    assert run.network.loss(x.copy(), labels) == loss == run.history.loss[0]


@pytest.mark.parametrize("rule", ["adam", "lion", "adagrad:lr=0.01"])
def test_equal_seeds_see_equal_batches(rule, data):
    seen = ([], [])
    runs = run_of(data), run_of(data, rule, network=FULL)
    for run, labels in zip(runs, seen, strict=True):
        run.run(watch=lambda r, labels=labels: r.batch and labels.append(r.batch[1].copy()))
    np.testing.assert_array_equal(*seen)
    assert len(seen[0]) == 60


def test_batches_are_drawn_with_replacement_from_all_images():
    images = np.arange(200, dtype=np.uint8)[:, None]
    run = Trainer(
        MultiLayerNet(1, [], 2, rng=0), "sgd", images, np.zeros(200, int), iterations=400, rng=0
    )
    counts = np.zeros(200)

    def count(run):
        if run.batch:
            np.add.at(counts, run.batch[0].ravel().astype(int), 1)

    run.run(watch=count)
    assert counts.sum() == 40_000
    assert counts.min() > 140
    assert counts.max() < 260
    assert counts.std() == pytest.approx(np.sqrt(200), rel=0.2)


@pytest.mark.parametrize(
    ("images", "batch_size", "ends"),
    [
        (400, 100, [4, 8, 12, 16]),
        (400, 128, [4, 7, 10, 13]),
        (300, 100, [3, 6, 9, 12]),
        (60_000, 128, [469, 938, 1407, 1875]),
        (100, 100, [1, 2, 3, 4]),
    ],
)
def test_epochs_end_when_as_many_images_as_there_are_have_been_drawn(images, batch_size, ends):
    calendar = Calendar(images, batch_size, iterations=5000)
    found = (i for i in range(1, 5000) if calendar.due(i))
    assert list(itertools.islice(found, 4)) == ends
    assert [calendar.epoch(i) for i in ends] == [1, 2, 3, 4]
    whole = Calendar.of(images, batch_size, iterations=None, epochs=4, every="epoch")
    assert whole.iterations == ends[-1]


def test_records_are_of_the_start_of_every_epoch_and_of_the_end(data):
    held = {"train": data, "test": (data[0][:50], data[1][:50])}
    history = run_of(data, evaluate=held, iterations=30).run()
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


@pytest.mark.parametrize(("every", "expected"), [(20, [0, 20, 40, 60]), (None, [0, 60])])
def test_records_come_as_often_as_they_are_asked_for(every, expected, data):
    assert run_of(data, evaluate_every=every).run().iteration.tolist() == expected


def test_seconds_are_those_of_training_alone(data, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(trainer_module.time, "perf_counter", lambda: next(ticks))
    history = run_of(data, evaluate={"train": data}).run(watch=lambda run: next(ticks))
    assert history.seconds.tolist() == history.iteration.tolist()


def test_snapshots_are_copies_of_the_parameters(data):
    run = run_of(data, snapshot_every=25)
    first = run.network.flat_params.copy()
    run.run()
    assert list(run.snapshots) == [0, 25, 50, 60]
    np.testing.assert_array_equal(run.snapshots[0], first)
    np.testing.assert_array_equal(run.snapshots[60], run.network.flat_params)
    assert not np.array_equal(run.snapshots[25], run.snapshots[50])


def test_watch_sees_every_iteration_once(data):
    seen = []
    run_of(data, iterations=5).run(watch=lambda run: seen.append(run.iteration))
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_twin_predicts_as_in_training_and_the_run_goes_on_as_it_would(data):
    plain, watched = (run_of(data, network=FULL, evaluate={"train": data}) for _ in range(2))
    shapes = []

    def watch(run):
        twin = copy.deepcopy(run.network)
        twin.predict(data[0][:9], scale=255.0, train=True)
        shapes.append([layer.shape for layer in twin.activations])

    watched.run(watch=watch)
    plain.run()
    assert shapes == [[(9, 6), (9, 5)]] * 61
    assert same(watched, plain)


def test_settings_tell_what_was_run_and_make_it_again(data):
    history = run_of(data, Adam("cosine(0.01, steps=60)"), evaluate={"train": data}).run()
    s = history.settings
    assert s["optimizer"]["lr"] == "cosine(0.01, steps=60)"
    assert (s["seed"], s["batch_size"], s["evaluate"]) == (2, 32, {"train": 400})
    assert history.label == "Adam"
    assert MultiLayerNet(**s["network"], rng=1).settings == s["network"]


def test_one_optimizer_serves_many_runs_and_stays_unused(data):
    rule = Adam(0.01)
    first, second = run_of(data, rule), run_of(data, rule)
    assert first.run() == second.run()
    assert rule.steps_taken == 0


def test_a_schedule_goes_by_the_iteration(data):
    constant, falling = run_of(data, SGD(0.1)), run_of(data, SGD(lambda step: 0.1 * (step < 10)))
    constant.run()
    kept = []
    falling.run(watch=lambda run: kept.append(run.network.flat_params.copy()))
    np.testing.assert_array_equal(kept[10], kept[60])
    assert not np.array_equal(kept[9], kept[10])


# --- how it ends


@pytest.mark.parametrize("every", [1, "epoch", None])
def test_a_loss_that_is_not_finite_ends_the_run_and_says_so(every, data):
    history = run_of(data, SGD(1e30), evaluate={"train": data}, evaluate_every=every).run()
    assert history.diverged
    assert history.diverged_at == len(history.loss) < 5
    assert np.isfinite(history.loss).all()
    assert np.isfinite(history.accuracy["train"]).all()
    assert np.isnan(history.final["train"])


def test_weights_that_are_not_finite_after_the_last_update_are_divergence(data):
    history = run_of(data, SGD(1e39), iterations=1).run()
    assert history.diverged_at == 1
    assert history.iteration.tolist() == [0]


def test_there_is_a_record_for_every_snapshot_of_a_run_that_diverges(data):
    held = {"evaluate": {"train": data}, "evaluate_every": 1, "snapshot_every": 1}
    for lr in (1e10, 1e20, 1e30):
        run = run_of(data, SGD(lr), **held)
        assert run.run().diverged
        assert list(run.snapshots) == run.history.iteration.tolist()


def test_large_weights_without_batch_norm_diverge_and_do_not_guess(data):
    network = MultiLayerNet(8, [100] * 5, 3, weight_init=10.0, rng=0)
    run = Trainer(network, SGD(0.5), *data, scale=255.0, epochs=20, evaluate={"train": data}, rng=0)
    assert run.run().diverged


def test_a_run_that_is_over_goes_no_further(data):
    run = run_of(data, iterations=3)
    history = run.run()
    assert run.run() == history
    with pytest.raises(ValueError, match="The run is over"):
        run.step()


# --- checkpoints


class _Stop(Exception):
    pass


def stopped(run, iteration, kind=_Stop):
    def watch(run):
        if run.iteration == iteration:
            raise kind

    with pytest.raises(kind):
        run.run(watch=watch)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam", "nadam", "adagrad", "yogi", "rprop"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(rule, dtype, data, tmp_path):
    settings = {
        "network": {**FULL, "dtype": dtype},
        "evaluate": {"train": data},
        "iterations": 250,
        "snapshot_every": 100,
    }
    whole = run_of(data, rule, **settings)
    whole.run()
    settings |= {"checkpoint": tmp_path / "a.npz", "checkpoint_every": 40}
    stopped(run_of(data, rule, **settings), 131)
    stopped(run_of(data, rule, **settings), 170, KeyboardInterrupt)
    last = run_of(data, rule, **settings)
    seen = []
    last.run(watch=lambda run: seen.append(run.iteration))
    assert seen[0] == 161
    assert same(last, whole)
    assert list(last.snapshots) == list(whole.snapshots)


def test_the_same_run_goes_on_after_an_interrupt(data, tmp_path):
    whole, run = (
        run_of(data, "adam", network=FULL, checkpoint=tmp_path / name, checkpoint_every=20)
        for name in ("a.npz", "b.npz")
    )
    whole.run()
    stopped(run, 50, KeyboardInterrupt)
    run.run()
    assert same(run, whole)


def test_the_first_iterations_can_be_stopped_too(data, tmp_path):
    whole, run = (run_of(data, "adam", network=FULL, checkpoint=tmp_path / n) for n in "ab")
    whole.run()
    stopped(run, 7, KeyboardInterrupt)
    run.run()
    assert same(run, whole)


def test_generators_of_the_textbook_are_kept_too(data, tmp_path):
    def made():
        rng = np.random.RandomState(5)
        settings = {"checkpoint": tmp_path / "a.npz", "checkpoint_every": 20}
        return run_of(data, "adam", network={**FULL, "rng": rng}, rng=rng, **settings)

    whole = made()
    whole.run()
    (tmp_path / "a.npz").unlink()
    stopped(made(), 50)
    last = made()
    last.run()
    assert last.rng is last.network.rng
    assert same(last, whole)


def test_a_finished_run_is_read_and_not_run_again(data, tmp_path):
    settings = {"checkpoint": tmp_path / "a.npz", "evaluate": {"train": data}}
    first = run_of(data, "adam", **settings)
    first.run()
    again, seen = run_of(data, "adam", **settings), []
    again.run(watch=seen.append)
    assert seen == []
    assert same(again, first)
    np.testing.assert_array_equal(again.history.seconds, first.history.seconds)


def test_a_run_that_diverged_stays_so(data, tmp_path):
    first = run_of(data, SGD(1e30), checkpoint=tmp_path / "a.npz").run()
    again = run_of(data, SGD(1e30), checkpoint=tmp_path / "a.npz").run()
    assert again == first
    assert again.diverged


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"batch_size": 16}, "batch_size is 32 there and 16 here"),
        ({"iterations": 61}, "iterations is 60 there and 61 here"),
        ({"optimizer": "adam:lr=0.01"}, "optimizer.lr is 0.001 there and 0.01 here"),
        ({"optimizer": "adamw"}, "optimizer.name is 'adam' there and 'adamw' here"),
        ({"network": {"dropout": 0.5}}, "network.dropout is 0.0 there and 0.5 here"),
        ({"network": {"rng": 9}}, "the first weights' sum is"),
        ({"rng": 9}, "seed is 2 there and 9 here"),
        ({"rng": np.random.default_rng(9)}, "seed is 2 there and None here"),
        (
            {"evaluate": {"test": (np.zeros((2, 8), int), [0, 1])}},
            "evaluate.train is 400 there and",
        ),
        ({"snapshot_every": 10}, "snapshot_every is None there and 10 here"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_in_one_line(change, told, data, tmp_path):
    path = tmp_path / "a.npz"
    settings = {"optimizer": "adam", "evaluate": {"train": data}, "checkpoint": path}
    run_of(data, **settings).run()
    before = path.read_bytes()
    other = run_of(data, **{**settings, **change})
    weights = other.network.flat_params.copy()
    with pytest.raises(ValueError, match="is the checkpoint of another run: ") as error:
        other.run()
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    np.testing.assert_array_equal(other.network.flat_params, weights)


def test_a_checkpoint_of_other_images_is_refused(data, tmp_path):
    run_of(data, checkpoint=tmp_path / "a.npz").run()
    images = data[0].copy()
    images[17, 3] ^= 1
    with pytest.raises(ValueError, match="another run: data is"):
        run_of((images, data[1]), checkpoint=tmp_path / "a.npz").run()


def test_a_broken_checkpoint_is_told_by_name_and_left_alone(data, tmp_path):
    path = tmp_path / "a.npz"
    run_of(data, checkpoint=path).run()
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.npz' holds no checkpoint"):
            run_of(data, checkpoint=path).run()
        assert path.read_bytes() == content
    np.savez(path, about=np.array("{}"))
    with pytest.raises(ValueError, match="holds no checkpoint"):
        run_of(data, checkpoint=path).run()


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
        run_of(data, "adam", **settings).run()
    assert list(tmp_path.iterdir()) == [path]
    last, whole = run_of(data, "adam", **settings), run_of(data, "adam")
    last.run()
    whole.run()
    assert same(last, whole)


def test_what_cannot_be_told_apart_has_no_checkpoint(data, tmp_path):
    with pytest.raises(ValueError, match="`lr` must be a number, an array or a schedule"):
        run_of(data, SGD(lambda step: 0.1), checkpoint=tmp_path / "a.npz")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        run_of(data, checkpoint=tmp_path / "none" / "a.npz")


# --- denormals


def test_what_fades_away_is_set_to_zero_every_hundred_steps(data):
    images, labels = data[0].copy(), data[1]
    images[:, 0] = 0  # The weights of a pixel that is never lit have no gradient.
    run = run_of((images, labels), "adam", iterations=200)
    run.step()
    m = run.optimizer.state(copy=False)["all/m"]
    for count, gone in ((98, True), (0, False)):
        for _ in range(count):
            run.step()
        m[:6] = 1e-35
        run.step()
        assert (m[:6] == 0).all() == gone
    assert not np.any((m[6:] != 0) & (np.abs(m[6:]) < 1e-30))


def test_no_denormals_are_left_of_a_pixel_that_is_lit_no_more(monkeypatch):
    found = []
    for flush in (flush_denormals, lambda rule: None):
        monkeypatch.setattr(trainer_module, "flush_denormals", flush)
        rng = np.random.default_rng(0)
        images, labels = rng.integers(0, 256, (200, 8), dtype=np.uint8), rng.integers(0, 3, 200)
        network = MultiLayerNet(8, [6], 3, rng=0)
        run = Trainer(network, "adam", images, labels, scale=255.0, iterations=1500, rng=0)

        def darken(run, images=images):
            if run.iteration == 50:
                images[:, 0] = 0

        run.run(watch=darken)
        m = run.optimizer.state()["all/m"]
        denormal = (m != 0) & (np.abs(m) < np.finfo(np.float32).tiny)
        found.append((np.count_nonzero(denormal), run.history.loss))
    assert found[0][0] == 0
    assert found[1][0] > 0
    np.testing.assert_array_equal(found[0][1], found[1][1])


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
    histories = train_all(apart, workers=2)
    assert histories == [run.run() for run in here]
    assert [history.label for history in histories] == ["SGD", "Adam", "NAdam", "SGD", "SGD"]
    for mine, theirs in zip(apart, here, strict=True):
        assert same(mine, theirs)
        assert mine.snapshots.keys() == theirs.snapshots.keys()
    assert train_all(apart, workers=1) == histories


def test_a_worker_has_one_thread_and_images_are_stored_once(data, monkeypatch, tmp_path):
    from trajectories.mnist import trainer as parallel

    monkeypatch.setattr(parallel, "_ran", _looked_at)
    monkeypatch.setattr(parallel, "load_state", lambda trainer, state: seen.append(state))
    seen = []
    runs = [
        run_of(data, evaluate={"train": data, "part": (data[0][:50], data[1][:50])})
        for _ in range(3)
    ]
    train_all(runs, workers=2)
    for threads, files in seen:
        assert threads == "1"
        assert len(files) == 4
    assert seen[0][1] == seen[1][1] == seen[2][1]


def _looked_at(trainer):
    arrays = [trainer.images, trainer.labels, *(a for p in trainer.evaluate.values() for a in p)]
    return os.environ.get("OPENBLAS_NUM_THREADS"), sorted({str(a.filename) for a in arrays})


def test_a_failure_in_a_worker_is_told(data, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"nonsense")
    runs = [run_of(data, checkpoint=tmp_path / name) for name in ("b.npz", "a.npz")]
    with pytest.raises(ValueError, match="holds no checkpoint"):
        train_all(runs, workers=2)


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
        [run_of(data, network={**FULL, "rng": rng}), run_of(data, rng=rng)],
        [run_of(data, network={**FULL, "rng": twin}) for twin in twins],
    ):
        for workers in (1, 2):
            with pytest.raises(ValueError, match="have a generator in common"):
                train_all(runs, workers=workers)
        assert not any(run.iteration for run in runs)
    alone = [run_of(data, network={**FULL, "rng": g}, rng=g) for g in (rng, old)]
    assert len(train_all(alone, workers=1)) == 2
    with pytest.raises(TypeError, match="`trainers` must be a list of Trainers"):
        train_all([network])
    with pytest.raises(ValueError, match="`workers` must be at least 1"):
        train_all(pairs["a network"][:1], workers=0)
    assert train_all([]) == []


def test_a_state_can_be_put_back(data):
    run, other = run_of(data, "adam", network=FULL), run_of(data, "adam", network=FULL)
    for _ in range(20):
        run.step()
    kept = state_of(run)
    run.run()
    load_state(other, kept)
    other.run()
    assert same(other, run)


# --- what is refused


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"network": None}, TypeError, "`network` must be a MultiLayerNet"),
        ({"optimizer": "adm"}, ValueError, "Unknown optimizer 'adm'. Did you mean 'adam'?"),
        ({"optimizer": "newton"}, ValueError, "`optimizer` must be one that needs no surface"),
        ({"images": np.zeros((400, 7))}, ValueError, "`images` must be of shape (rows, 8)"),
        ({"labels": np.full(400, 3)}, ValueError, "`labels` must be between 0 and 2. Got 3"),
        ({"scale": 0}, ValueError, "`scale` must be positive"),
        ({"batch_size": 0}, ValueError, "`batch_size` must be at least 1"),
        ({"iterations": 0}, ValueError, "`iterations` must be at least 1"),
        ({"iterations": None}, ValueError, "Either `iterations` or `epochs` must be given"),
        ({"epochs": 3}, ValueError, "Either `iterations` or `epochs` must be given, and not both"),
        ({"iterations": None, "epochs": 0.5}, TypeError, "`epochs` must be an integer"),
        ({"evaluate_every": "week"}, ValueError, "`evaluate_every` must be 'epoch', a number"),
        ({"evaluate_every": 0}, ValueError, "`evaluate_every` must be at least 1"),
        ({"snapshot_every": 0}, ValueError, "`snapshot_every` must be at least 1"),
        ({"checkpoint_every": 0}, ValueError, "`checkpoint_every` must be at least 1"),
        ({"rng": "x"}, ValueError, "`rng` must be a seed, a generator or None"),
        (
            {"evaluate": ([[0] * 8], [0])},
            TypeError,
            "`evaluate` must be pairs of images and labels",
        ),
        ({"evaluate": {"test": 5}}, ValueError, "`evaluate['test']` must be a pair of images"),
        (
            {"evaluate": {"test": (np.zeros((3, 9)), [0, 1, 2])}},
            ValueError,
            "`evaluate['test'][0]` must be of shape (rows, 8)",
        ),
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


def test_real_digits_are_learnt(digits):
    network = MultiLayerNet(digits.pixels, [50, 50], digits.classes, rng=0)
    history = Trainer(
        network,
        "adam:lr=0.005",
        digits.train_images,
        digits.train_labels,
        scale=digits.scale,
        epochs=15,
        rng=0,
        evaluate={"test": (digits.test_images, digits.test_labels)},
    ).run()
    assert isinstance(history, History)
    assert history.final["test"] > 0.88
    assert history.loss[-20:].mean() < 0.05
