"""When a search does what: how many trials a round has, when the worse half goes, what narrows."""

from __future__ import annotations

from collections.abc import Sequence

from trajectories.search.space import Space
from trajectories.search.trial import Trial, ranked
from trajectories.validation import integer, must

__all__ = ["best_quarter", "kept", "narrowed", "round_sizes", "rungs"]

_LEAST = 4


def round_sizes(trials: int, rounds: int) -> list[int]:
    """Return how many trials each round has: as evenly as it goes, the first ones one more."""
    trials, rounds = integer("trials", trials, 1), integer("rounds", rounds, 1)
    if rounds > 1 and trials < _LEAST * rounds:
        raise must("trials", f"at least {_LEAST * rounds} for {rounds} rounds", trials)
    each, more = divmod(trials, rounds)
    return [each + (turn < more) for turn in range(rounds)]


def rungs(budget: int, halving: int) -> list[int]:
    """Return after which lengths the worse half of a round is abandoned, and the full length."""
    halving = integer("halving", halving, 0)
    return sorted({-(-budget // 2**k) for k in range(min(halving, 62) + 1)})


def kept(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the better half of trials that are equally long, rounded up; none that diverged."""
    better = ranked(trials, goal)[: -(-len(trials) // 2)]
    return [trial for trial in better if trial.score is not None]


def best_quarter(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the best quarter of a round, rounded up, and at least two if there are two."""
    count = max(-(-len(trials) // 4), 2)
    return [trial for trial in ranked(trials, goal)[:count] if trial.score is not None]


def narrowed(space: Space, trials: Sequence[Trial], goal: str) -> Space:
    """Return the space of the next round: every range cut to where the best quarter lies."""
    best = best_quarter(trials, goal)
    return space.around(trial.params for trial in best) if len(best) > 1 else space
