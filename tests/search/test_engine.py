"""The search: seeds, rounds, narrowing, halving, and where it runs."""

import io
import json
import math
import re

import numpy as np
import pytest

from trajectories.search import SearchResult, Space, Trial, search


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_seeds_are_those_of_spawned_sequences(ridge, space):
    found = search(ridge(), space, 6, n_jobs=1, rng=7)
    children = np.random.SeedSequence(7).spawn(6)
    for trial, child in zip(found, children, strict=True):
        sampling, running = child.spawn(2)
        assert trial.params == Space(space).draw(np.random.default_rng(sampling))
        assert trial.seed == int(running.generate_state(1, np.uint64)[0]) >> 11
    assert len({trial.seed for trial in found}) == 6
    assert search(ridge(), space, 6, n_jobs=1, rng=8).trials[0] != found.trials[0]


def test_narrowing_closes_in_on_the_peak_of_a_known_surface(ridge, space):
    found = search(ridge(noise=0.01), space, 160, rounds=4, n_jobs=1, rng=3)
    assert len(found.spaces) == 5
    widths = [math.log10(s["lr"].high / s["lr"].low) for s in found.spaces]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(6)
    assert widths[-1] < 0.6
    for inner in found.spaces:  # The peak is never cut off.
        assert inner["lr"].low < 1e-3 < inner["lr"].high
        assert inner["decay"].low < 1e-6 < inner["decay"].high
    for turn, trials in enumerate(found.rounds):
        assert len(trials) == 40
        for name, kind in found.spaces[turn].items():
            assert all(kind.low <= trial.params[name] <= kind.high for trial in trials)
    # What counts more is narrowed further: that is what rounds are for.
    decay = found.spaces[-1]["decay"]
    assert math.log10(decay.high / decay.low) > 1.2 * widths[-1]
    assert found.best.score > 0.98


@pytest.mark.parametrize(
    ("goal", "best", "low", "high", "kinds"),
    [("max", [4.0, 2.0], 0, 6, ("b", "c")), ("min", [1.0, 9.0], 0, 10, ("a",))],
)
def test_the_rule_of_narrowing_step_by_step(ridge, goal, best, low, high, kinds):
    scores = {1.0: 0.1, 2.0: 0.8, 4.0: 0.9, 9.0: 0.2, 5.0: 0.3, 6.0: None, 7.0: 0.4, 8.0: 0.5}
    trials = [
        Trial(n, 0, {"x": x, "kind": "abc"[n % 3]}, 0, "finished" if s else "diverged", s, 5)
        for n, (x, s) in enumerate(scores.items())
    ]
    told = search(ridge(), {"lr": "log:1e-6:1"}, 1, n_jobs=1)
    space = Space(x="linear:0:10", kind="choice(a, b, c)")
    more = {"goal": goal, "space": space.to_dict(), "trials": 16, "rounds": 2}
    found = SearchResult(told.settings | more, tuple(trials), None, told.versions)
    assert [trial.params["x"] for trial in found.best_quarter(0)] == best
    assert (found.spaces[1]["x"].low, found.spaces[1]["x"].high) == (low, high)
    assert found.spaces[1]["kind"].values == kinds


def test_sizes_of_rounds_and_rungs(ridge, space):
    found = search(ridge(7), space, 14, rounds=3, halving=2, n_jobs=1)
    assert [len(trials) for trials in found.rounds] == [5, 5, 4]
    assert {trial.reached for trial in found} == {2, 4, 7}
    assert {t.reached for t in search(ridge(1), space, 8, halving=4, n_jobs=1)} == {1}
    with pytest.raises(ValueError, match="`trials` must be at least 12 for 3 rounds"):
        search(ridge(), space, 11, rounds=3, n_jobs=1)


def test_halving_abandons_the_worse_half_and_reports_it(ridge, space):
    whole = search(ridge(8), space, 20, n_jobs=1)
    found = search(ridge(8), space, 20, halving=2, n_jobs=1)
    assert [found.count(s) for s in ("finished", "abandoned", "diverged")] == [5, 15, 0]
    assert [t.number for t in found] == list(range(20))
    assert sorted(t.reached for t in found) == [2] * 10 + [4] * 5 + [8] * 5
    # Here heights keep their order as they grow, so the best are never lost.
    assert [t.number for t in found.ranking[:5]] == [t.number for t in whole.ranking[:5]]
    assert found.best == whole.best
    for trial in found:
        assert len(trial.curves["height"]) == trial.reached + 1
        assert trial.curves["height"][-1] == trial.score


def test_what_diverged_comes_last_and_alone_has_no_winner(ridge, space, monkeypatch):
    found = search(ridge(8, lost=1e-2), space, 24, rounds=2, halving=1, n_jobs=1)
    lost = [t for t in found if t.status == "diverged"]
    assert lost
    assert all(t.score is None and t.params["lr"] > 1e-2 for t in lost)
    assert [t.status for t in found.ranking[-len(lost) :]] == ["diverged"] * len(lost)
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    how = {"rounds": 2, "n_jobs": 1, "progress": True}
    found = search(ridge(lost=0.0, wait=0.01), space, 8, conclude=lambda best: 1 / 0, **how)
    assert "no score yet" in screen.getvalue()
    assert found.best is None
    assert found.conclusion is None
    assert found.spaces[0] == found.spaces[-1]
    assert "8 diverged" in repr(found)


def test_a_result_is_plain_data_and_its_conclusion_drawn_once(ridge, space, tmp_path):
    asked = []

    def conclude(best):
        asked.append(best.number)
        return {"test": 0.5}

    how = {"rounds": 2, "n_jobs": 1, "journal": tmp_path / "a.jsonl", "conclude": conclude}
    found = search(ridge(), space, 8, **how)
    again = search(ridge(), space, 8, resume=True, **how)
    assert asked == [found.best.number]
    assert found.conclusion == again.conclusion == {"test": 0.5}
    records = json.loads(json.dumps(found.to_records()))
    assert records[3]["number"] == 3
    assert records[3]["params_lr"] == found.trials[3].params["lr"]
    assert not any(isinstance(value, (list, dict)) for value in records[0].values())
    found.save(tmp_path / "b.jsonl")
    back = SearchResult.load(tmp_path / "b.jsonl")
    assert back == found
    assert back.spaces == found.spaces
    assert back.complete


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(conclusion="good"), "`search` must be a record with its settings and"),
        (lambda d: d["settings"].update(measure=3), "`measure` must be text. Got 3 instead"),
        (lambda d: d["settings"].update(goal="most"), "`goal` must be max or min. Got 'most'"),
    ],
    ids=["conclusion", "measure", "goal"],
)
def test_other_records_are_no_result(ridge, space, change, words):
    data = search(ridge(), space, 4, n_jobs=1).to_dict()
    assert SearchResult.from_dict(data).to_dict() == data
    data = json.loads(json.dumps(data))
    change(data)
    with pytest.raises((TypeError, ValueError), match=words):
        SearchResult.from_dict(data)


def test_what_makes_no_sense_is_refused_before_anything_is_run(ridge, space, tmp_path):
    tally = tmp_path / "tally"
    objective = ridge(tally=tally)
    for change, words in [
        ({"space": {"speed": "log:1:2"}}, "unknown"),
        ({"trials": 0}, "`trials` must be at least 1"),
        ({"rounds": 9}, "`trials` must be at least 36"),
        ({"halving": -1}, "`halving` must be at least 0"),
        ({"rng": -1}, "`rng` must be at least 0"),
        ({"n_jobs": 0}, "`n_jobs` must be at least 1"),
        ({"scheduler": "tcp://127.0.0.1:1", "n_jobs": 2}, "`n_jobs` must be left out"),
    ]:
        settings = {"space": space, "trials": 8, "n_jobs": 1} | change
        with pytest.raises(ValueError, match=re.escape(words)):
            search(objective, **settings)
    with pytest.raises(TypeError, match="`objective` must be an Objective"):
        search(lambda params: 1, space)
    assert not tally.exists()


def test_the_progress_bar_tells_the_best_so_far(ridge, space, monkeypatch):
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    found = search(ridge(wait=0.01), space, 8, halving=1, n_jobs=1, progress=True)
    told = re.findall(r"/8 \[.*?best (\S+) \(trial (\d+)\)", shown.getvalue())
    scores = [float(score) for score, _ in told]
    assert scores == sorted(scores)
    assert len(scores) > 1
    assert scores[-1] <= round(found.best.score, 4)
    quiet = io.StringIO()
    monkeypatch.setattr("sys.stderr", quiet)
    search(ridge(), space, 4, n_jobs=1, progress=True)
    assert quiet.getvalue() == ""
