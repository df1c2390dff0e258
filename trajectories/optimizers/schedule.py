"""Learning-rate schedules: the number of the step, from 0, to the learning rate of that step."""

from __future__ import annotations

from typing import Any

__all__ = ["as_schedule"]


def as_schedule(text: str) -> Any:
    """Return the number or the schedule that text stands for."""
    return float(text)
