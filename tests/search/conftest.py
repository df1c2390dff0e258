"""Objectives that are quick, and one that can be slowed down and counted."""

import math
import os
import time
from pathlib import Path

import numpy as np
import pytest

from trajectories.search import Objective, Report


class Ridge(Objective):
    """A known response: a peak of 1 at lr = 1e-3, decay = 1e-6; y counts little, `other` not."""

    goal, measure, unit = "max", "height", "step"

    def __init__(self, budget=8, *, wait=0.0, tally=None, lost=math.inf, noise=0.0):
        self.budget, self.wait, self.tally = budget, wait, tally
        self.lost, self.noise = lost, noise

    def settings(self):
        return {"ridge": self.budget, "lost": str(self.lost), "noise": self.noise}

    def check(self, params):
        if not set(params) <= {"lr", "decay", "other", "kind"}:
            raise ValueError(f"unknown: {sorted(params)}")

    def run(self, params, seed, until, state=None):
        begun = 0 if state is None else state
        if self.tally is not None:
            line = f"{params['lr']!r} {begun} {until} {os.getpid()}\n"
            with open(self.tally, "a") as file:
                file.write(line)
        time.sleep(self.wait * (until - begun))
        away = (math.log10(params["lr"]) + 3) ** 2
        if "decay" in params:
            away += 0.1 * (math.log10(params["decay"]) + 6) ** 2
        noise = self.noise * float(np.random.default_rng(seed).standard_normal())
        curve = [(1 - away + noise) * step / self.budget for step in range(until + 1)]
        steps = list(range(until + 1))
        if params["lr"] > self.lost:
            return Report(None, 0, {"step": steps[:1], "height": curve[:1]})
        return Report(curve[-1], until, {"step": steps, "height": curve}, until)


SPACE = {"lr": "log:1e-6:1", "decay": "log:1e-8:1e-4"}


@pytest.fixture
def ridge():
    return Ridge


@pytest.fixture
def space():
    return dict(SPACE)


@pytest.fixture(scope="session")
def here():
    """The folder of these tests, for the path of other processes."""
    return Path(__file__).parent
