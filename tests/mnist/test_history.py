"""A history holds what was recorded, and comes back bit for bit from its file."""

import json

import numpy as np
import pytest

from trajectories.mnist import History


def history_of(**changes):
    rng = np.random.default_rng(0)
    return History(
        **{
            "label": "Adam",
            "loss": rng.random(200),
            "iteration": [0, 100, 200],
            "epoch": [0, 1, 2],
            "accuracy": {"train": [0.1, 0.5, 0.75], "test": [0.1, 1 / 3, 0.7]},
            "seconds": [0.0, 0.1, 0.2],
            "settings": {"batch_size": 100, "seed": 3},
            **changes,
        }
    )


def test_it_saves_and_loads_bit_for_bit(tmp_path):
    history = history_of()
    history.save(tmp_path / "a.json")
    again = History.load(tmp_path / "a.json")
    assert again == history
    assert again.versions == history.versions
    assert again.versions["numpy"] == np.__version__
    np.testing.assert_array_equal(again.seconds, history.seconds)
    for name in ("loss", "iteration", "epoch"):
        mine, theirs = getattr(history, name), getattr(again, name)
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_equality_is_of_what_happened_and_not_of_how_long_it_took():
    assert history_of() == history_of(seconds=[0.0, 5.0, 9.0], versions={"numpy": "1"})
    accuracy = {"train": [0.1, 0.5, 0.75]}
    changes = {"diverged_at": 200, "label": "SGD", "accuracy": accuracy, "settings": {}}
    for name, value in {**changes, "loss": np.zeros(200)}.items():
        assert history_of() != history_of(**{name: value})
    assert history_of() != "history"


def test_a_run_that_diverged_has_no_final_accuracy():
    assert history_of().final == {"train": 0.75, "test": 0.7}
    lost = history_of(diverged_at=200)
    assert lost.diverged
    assert all(np.isnan(a) for a in lost.final.values())
    assert repr(lost) == "History('Adam', iterations=200, diverged at iteration 200)"
    assert repr(history_of()).endswith("train=0.75, test=0.7)")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": [0, 1]}, "`epoch` must be of shape"),
        ({"accuracy": {"test": [1.0]}}, "`test` must be of shape"),
        ({"loss": np.zeros((2, 2))}, "`loss` must be of one dimension"),
    ],
)
def test_records_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        history_of(**change)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"format": "trajectories history 1"}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_is_no_history_is_told_by_name(content, tmp_path):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.json' holds no history"):
        History.load(path)


def test_every_field_is_checked_when_a_file_is_read(tmp_path):
    path = tmp_path / "a.json"
    history_of().save(path)
    data = json.loads(path.read_text())
    for name in data:
        path.write_text(json.dumps({k: v for k, v in data.items() if k != name}))
        with pytest.raises(ValueError, match="holds no history"):
            History.load(path)
        path.write_text(json.dumps({**data, name: object.__name__}))
        if name != "label":
            with pytest.raises(ValueError, match="holds no history"):
                History.load(path)
