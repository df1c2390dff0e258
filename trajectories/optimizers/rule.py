"""What every rule has: a name, a learning rate, and hyperparameters that are checked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.optimizers.schedules import as_schedule
from trajectories.validation import NON_NEGATIVE, POSITIVE, Interval, finite

__all__ = ["Array", "Hyperparameter", "Rule", "hyperparameter", "same"]

Array: TypeAlias = NDArray[Any]
#: A number, or an array that broadcasts against the parameters.
Hyperparameter: TypeAlias = float | NDArray[np.float64]
Self = TypeVar("Self", bound="Rule")


def hyperparameter(default: float, interval: Interval) -> Any:
    """Declare a hyperparameter: a dataclass field with a default and the range it must lie in."""
    return field(default=default, metadata={"interval": interval})


@dataclass(eq=False)
class Rule:
    """A rule of descent as data: the base of both families of optimizers."""

    name: ClassVar[str]
    formula: ClassVar[str]

    lr: Any = hyperparameter(0.01, POSITIVE)

    def __init_subclass__(cls, **settings: Any) -> None:
        """Name a class that does not name itself: it must not go by the name of its parent."""
        super().__init_subclass__(**settings)
        if "name" not in vars(cls):
            cls.name = cls.__name__.lower()

    def __post_init__(self) -> None:
        """Start unused."""
        self.steps_taken = 0

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a hyperparameter is checked first, now and whenever it is changed."""
        interval = _intervals(type(self)).get(name)
        if interval is not None:
            if name == "lr" and isinstance(value, str) and "(" in value:
                value = as_schedule(value)
            if not (name == "lr" and callable(value)):
                value = finite(name, value, interval)
            self._changed(name)
        object.__setattr__(self, name, value)

    def _changed(self, name: str) -> None:
        """Forget what was derived from a hyperparameter."""

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The hyperparameters by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape that all hyperparameters broadcast to together: ``()`` for plain numbers."""
        arrays = {n: h for n, h in self.hyperparameters.items() if isinstance(h, np.ndarray)}
        shapes = {name: array.shape for name, array in arrays.items()}
        try:
            return np.broadcast_shapes(*shapes.values())
        except ValueError:
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(
                f"The hyperparameters must broadcast together. Got {listed}."
            ) from None

    def learning_rate(self) -> Hyperparameter:
        """Return the learning rate of the next step."""
        if callable(self.lr):
            return finite("lr", self.lr(self.steps_taken), NON_NEGATIVE)
        rate: Hyperparameter = self.lr
        return rate

    def fresh(self: Self, **changes: Any) -> Self:
        """Return an unused copy, with some hyperparameters changed if asked.

        Examples
        --------
        >>> from trajectories.optimizers import SGD
        >>> SGD(0.95).fresh(lr=0.5)
        SGD(lr=0.5)
        """
        values = self.hyperparameters
        if changes or any(isinstance(value, np.ndarray) for value in values.values()):
            return replace(self, **changes)
        unused = object.__new__(type(self))
        vars(unused).update(values)  # They were checked when they were set.
        unused.__post_init__()
        return unused

    def part(self: Self, batch: tuple[int, ...], index: Any) -> Self:
        """Return an unused copy for some of the paths of a batch.

        Parameters
        ----------
        batch : tuple of int
            The shape of the batch, to which arrays of hyperparameters are broadcast.
        index : int, slice, numpy.ndarray or tuple
            Which of the paths; it may be none.

        Examples
        --------
        >>> from trajectories.optimizers import SGD
        >>> SGD([0.1, 0.5, 0.9]).part((3,), 1)
        SGD(lr=0.5)
        """
        unused = self.fresh()
        for name, value in self.hyperparameters.items():
            if isinstance(value, np.ndarray):  # They were checked when they were set.
                some = np.broadcast_to(value, batch)[index]
                vars(unused)[name] = some.copy() if some.ndim else float(some)
        return unused

    def restart(self, **changes: Any) -> None:
        """Become unused again, with some hyperparameters changed if asked.

        What `bind` returned goes on from there, in the same memory.

        Examples
        --------
        >>> from trajectories.optimizers import Momentum
        >>> rule, p = Momentum(0.1), np.array([1.0])
        >>> step = rule.bind({"p": p}, {"p": np.array([1.0])})
        >>> step(), step(), rule.restart(lr=0.5), step(), p
        (None, None, None, None, array([0.21]))
        """
        for name, value in changes.items():
            setattr(self, name, value)
        self.steps_taken = 0
        self._forget()

    def _forget(self) -> None:
        """Bring the state, where there is one, back to what it is before the first step."""

    def __eq__(self, other: object) -> bool:
        """Tell whether both are of one class with the same hyperparameters."""
        if type(other) is not type(self):
            return NotImplemented
        theirs = other.hyperparameters
        return all(same(h, theirs[name]) for name, h in self.hyperparameters.items())

    __hash__ = None  # type: ignore[assignment]


def same(mine: Any, theirs: Any) -> bool:
    """Tell whether two hyperparameters are alike: numbers, arrays or schedules."""
    if callable(mine) or callable(theirs):
        return bool(mine == theirs)
    return np.array_equal(mine, theirs)


_INTERVALS: dict[type, dict[str, Interval]] = {}


def _intervals(cls: type[Rule]) -> dict[str, Interval]:
    """Return the range of each hyperparameter of a class."""
    if cls not in _INTERVALS:
        _INTERVALS[cls] = {
            item.name: item.metadata["interval"]
            for item in fields(cls)
            if "interval" in item.metadata  # Plain fields of a user's own class have none.
        }
    return _INTERVALS[cls]
