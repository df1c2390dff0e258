"""When a search does what: how many trials a round has, when the worse half goes, what narrows."""

from __future__ import annotations

from collections.abc import Sequence

from trajectories.search.space import Space
from trajectories.search.trial import Trial, ranked
from trajectories.validation import integer, must

__all__ = ["best_quarter", "kept", "narrowed", "round_sizes", "rungs"]

_LEAST = 4


def round_sizes(trials: int, rounds: int) -> list[int]:
    """Return how many trials each round has: as evenly as it goes, the first ones one more.

    Parameters
    ----------
    trials, rounds : int
        How many there are.

    Raises
    ------
    TypeError, ValueError
        If a number is too small; several rounds need at least 4 trials each.

    Examples
    --------
    >>> round_sizes(100, 3)
    [34, 33, 33]
    """
    trials, rounds = integer("trials", trials, 1), integer("rounds", rounds, 1)
    if rounds > 1 and trials < _LEAST * rounds:
        raise must("trials", f"at least {_LEAST * rounds} for {rounds} rounds", trials)
    each, more = divmod(trials, rounds)
    return [each + (turn < more) for turn in range(rounds)]


def rungs(budget: int, halving: int) -> list[int]:
    """Return after which lengths the worse half of a round is abandoned, and the full length.

    Parameters
    ----------
    budget : int
        The full length.
    halving : int
        How often there is a cut: after budget / 2, budget / 4, ..., rounded up.

    Examples
    --------
    >>> rungs(50, 2), rungs(50, 0), rungs(3, 5)
    ([13, 25, 50], [50], [1, 2, 3])
    """
    halving = integer("halving", halving, 0)
    return sorted({-(-budget // 2**k) for k in range(min(halving, 62) + 1)})


def kept(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the better half of trials that are equally long, rounded up; none that diverged.

    Parameters
    ----------
    trials : sequence of Trial
        What to choose from.
    goal : {"max", "min"}
        Whether a high score is good, or a low one.
    """
    better = ranked(trials, goal)[: -(-len(trials) // 2)]
    return [trial for trial in better if trial.score is not None]


def best_quarter(trials: Sequence[Trial], goal: str) -> list[Trial]:
    """Return the best quarter of a round, rounded up, and at least two if there are two.

    Trials that diverged count in the round, but are never among the best.

    Parameters
    ----------
    trials : sequence of Trial
        A round.
    goal : {"max", "min"}
        Whether a high score is good, or a low one.
    """
    count = max(-(-len(trials) // 4), 2)
    return [trial for trial in ranked(trials, goal)[:count] if trial.score is not None]


def narrowed(space: Space, trials: Sequence[Trial], goal: str) -> Space:
    """Return the space of the next round: every range cut to where the best quarter lies.

    Parameters
    ----------
    space : Space
        What the round was drawn from.
    trials : sequence of Trial
        The round.
    goal : {"max", "min"}
        Whether a high score is good, or a low one.

    Returns
    -------
    Space
        See `Range.around` for the cut; ranges stay as they are if fewer than two trials have a
        score.
    """
    best = best_quarter(trials, goal)
    return space.around(trial.params for trial in best) if len(best) > 1 else space
