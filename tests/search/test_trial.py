"""Records of trials that come from anywhere."""

import math

import pytest

from trajectories.search import Trial

TOLD = Trial(3, 0, {"lr": 0.1}, 7, "finished", 0.5, 5).to_dict()


def test_a_trial_reads_back():
    assert Trial.from_dict(TOLD).to_dict() == TOLD
    lost = TOLD | {"status": "diverged", "score": None}
    assert Trial.from_dict(lost).score is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "lucky"}, "`status` must be one of .*finished.* Got 'lucky' instead"),
        ({"params": [0.1]}, r"`params` must be a record of hyperparameters. Got \[0.1\] instead"),
        ({"score": None}, "`score` must be a number, unless the trial diverged. Got None instead"),
        ({"status": "diverged"}, "`score` must be a number, unless the trial diverged. Got 0.5"),
        ({"score": math.inf}, "`score` must be a finite number. Got inf instead"),
        ({"more": 1}, "`trial` must be a record of a trial"),
    ],
)
def test_what_is_no_trial_is_refused(change, words):
    with pytest.raises((TypeError, ValueError), match=words):
        Trial.from_dict(TOLD | change)
