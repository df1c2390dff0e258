"""What every optimizer is: hyperparameters, state per key, and an update in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from trajectories.validation import POSITIVE, Interval, finite, must

__all__ = ["Hyperparameter", "Optimizer", "Schedule", "hyperparameter", "plain"]

Array: TypeAlias = NDArray[Any]
#: A number, or an array that broadcasts against the parameters.
Hyperparameter: TypeAlias = float | NDArray[np.float64]
#: The learning rate of each step, which are counted from 0.
Schedule: TypeAlias = Callable[[int], Hyperparameter]
Self = TypeVar("Self", bound="Optimizer")


def hyperparameter(default: float, interval: Interval) -> Any:
    """Declare a hyperparameter: a dataclass field with a default and the range it must lie in.

    Parameters
    ----------
    default : float
        Its default.
    interval : Interval
        Where it must lie.
    """
    return field(default=default, metadata={"interval": interval})


@dataclass(eq=False)
class Optimizer(ABC):
    """The base of all optimizers: a rule that works element by element.

    A rule is a dataclass of its hyperparameters with one method, `_step`. The same object updates
    two coordinates, a batch of starts, or all weights of a network, as long as the arrays it is
    given keep their keys and shapes; `fresh` returns one that has not been used yet.

    Parameters
    ----------
    lr : float, array or callable
        Learning rate, positive: the length of a step for a gradient of 1. An array must
        broadcast against the parameters. A callable is a schedule: it is given the number of the
        step, from 0, and returns the learning rate of that step.

    Attributes
    ----------
    name : str
        The name in spec strings, such as "adam".
    steps_taken : int
        How many updates there have been.

    Notes
    -----
    Subclasses name their arrays per key in `_state_names` (they start at zero) and how many
    scratch arrays the rule wants in `_scratch`. Scratch arrays are shared by all keys of one shape
    and type, so that an update allocates nothing after the first.
    """

    name: ClassVar[str]
    _state_names: ClassVar[tuple[str, ...]] = ()
    _scratch: ClassVar[int] = 1

    lr: Hyperparameter | Schedule = field(default=0.01, metadata={"interval": POSITIVE})

    def __post_init__(self) -> None:
        """Start unused."""
        self.steps_taken = 0
        self._fits = False
        self._distinct: dict[str, tuple[Array, Array]] = {}
        self._state: dict[Any, SimpleNamespace] = {}
        self._buffers: dict[tuple[tuple[int, ...], np.dtype[Any]], list[Array]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a hyperparameter is checked first, now and whenever it is changed."""
        interval = _intervals(type(self)).get(name)
        if interval is not None:
            if not (name == "lr" and callable(value)):
                value = finite(name, value, interval)
            self.__dict__["_fits"] = False
            self.__dict__["_distinct"] = {}
        object.__setattr__(self, name, value)

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The hyperparameters by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape that all hyperparameters broadcast to together: ``()`` for plain numbers."""
        shapes = {name: np.shape(h) for name, h in self.hyperparameters.items() if not callable(h)}
        try:
            return np.broadcast_shapes(*shapes.values())
        except ValueError:
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
            raise ValueError(
                f"The hyperparameters must broadcast together. Got {listed}."
            ) from None

    def fresh(self: Self, **changes: Any) -> Self:
        """Return an unused copy, with some hyperparameters changed if asked.

        Examples
        --------
        >>> from trajectories.optimizers import SGD
        >>> SGD(0.95).fresh(lr=0.5)
        SGD(lr=0.5)
        """
        return replace(self, **changes)

    def update(self, params: MutableMapping[Any, Any], grads: Mapping[Any, Any]) -> None:
        """Make one step: change every array of `params` in place.

        Parameters
        ----------
        params : mutable mapping of float arrays
            What is optimized, by key. Float arrays of any shape are changed in place; a Python or
            NumPy float is replaced in the mapping.
        grads : mapping of arrays
            The gradient by each parameter, under the same keys and in the same shapes.

        Raises
        ------
        TypeError
            If a parameter is not of a floating type.
        ValueError
            If a gradient is missing, if its shape is not its parameter's, or if keys or shapes
            have changed since the last update. Whatever is raised, no parameter and no state has
            been changed.

        Examples
        --------
        >>> from trajectories.optimizers import SGD
        >>> params = {"x": np.array([-7.0, 2.0])}
        >>> SGD(0.5).update(params, {"x": np.array([-0.7, 4.0])})
        >>> params["x"]
        array([-6.65,  0.  ])
        """
        pairs = {key: self._checked(key, p, grads) for key, p in params.items()}
        if self._state and self._state.keys() != pairs.keys():
            raise ValueError(
                f"`params` must keep its keys {list(self._state)}. Got {list(pairs)} instead; "
                "`fresh()` gives an unused optimizer."
            )
        lr = self._learning_rate(pairs)
        if not self._state:
            self._begin(pairs)
        self.steps_taken += 1
        for key, (p, g) in pairs.items():
            self._step(p, g, lr, self._state[key], *self._scratch_like(p))
            old = params[key]
            if old is not p:
                params[key] = p.item() if type(old) is float else p[()]

    @abstractmethod
    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        """Change one parameter array and its state in place."""

    def _checked(self, key: Any, p: Any, grads: Mapping[Any, Any]) -> tuple[Array, Array]:
        if key not in grads:
            raise ValueError(f"`grads` must have the keys of `params`. It has no {key!r}.")
        if isinstance(p, (float, np.floating)):
            p = np.array(p)  # Of its own type: a float32 stays one.
        if isinstance(p, np.ndarray) and not p.flags.writeable:
            raise must(
                f"params[{key!r}]", "writeable, as it is changed in place", "a read-only array"
            )
        if not isinstance(p, np.ndarray) or p.dtype.kind != "f":
            kind = p.dtype if isinstance(p, np.ndarray) else type(p).__name__
            raise TypeError(
                f"`params[{key!r}]` must be a float or an array of floats, as steps are no whole "
                f"numbers. Got {kind} instead."
            )
        g = np.asarray(grads[key])
        if g.shape != p.shape:
            raise must(f"grads[{key!r}]", f"of its parameter's shape {p.shape}", g.shape)
        if g.dtype.kind not in "fiu":
            raise must(f"grads[{key!r}]", "numbers", g.dtype, kind=TypeError)
        state = self._state.get(key)
        if state is not None and state.shape != p.shape:
            raise must(f"params[{key!r}]", f"of the shape {state.shape} it had before", p.shape)
        return p, g

    def _learning_rate(self, pairs: Mapping[Any, tuple[Array, Array]]) -> Hyperparameter:
        """Return the learning rate of this step, if it and the others fit the parameters."""
        lr = self.lr
        shape = () if self._fits else self.batch_shape
        if callable(lr):
            lr = finite("lr", lr(self.steps_taken), POSITIVE)
            if np.ndim(lr):
                shape = np.broadcast_shapes(np.shape(lr), shape)
        if shape:
            for key, (p, _) in pairs.items():
                if not _broadcasts(shape, p.shape):
                    raise must(
                        f"params[{key!r}]", f"of a shape that {shape} broadcasts to", p.shape
                    )
        self._fits = bool(pairs)
        return lr

    def _begin(self, pairs: Mapping[Any, tuple[Array, Array]]) -> None:
        """Allocate the state of every key, once."""
        for key, (p, _) in pairs.items():
            arrays = {name: np.zeros_like(p) for name in self._state_names}
            self._state[key] = SimpleNamespace(shape=p.shape, **arrays)

    def _power(self, name: str, exponent: int) -> Any:
        """Raise a hyperparameter to a power, an array element by element in Python's arithmetic.

        NumPy's own power of an array may differ from that of its elements in the last bit.
        """
        value = getattr(self, name)
        if not isinstance(value, np.ndarray):
            return value**exponent
        if name not in self._distinct:
            self._distinct[name] = np.unique(value, return_inverse=True)
        distinct, places = self._distinct[name]
        powers = np.array([item**exponent for item in distinct.tolist()])
        return powers[places].reshape(value.shape)

    def _scratch_like(self, p: Array) -> list[Array]:
        key = (p.shape, p.dtype)
        if key not in self._buffers:
            self._buffers[key] = [np.empty_like(p) for _ in range(self._scratch)]
        return self._buffers[key]

    def __eq__(self, other: object) -> bool:
        """Tell whether both are of one class with the same hyperparameters."""
        if type(other) is not type(self):
            return NotImplemented
        theirs = other.hyperparameters
        return all(
            h is theirs[name] or (not callable(h) and np.array_equal(h, theirs[name]))
            for name, h in self.hyperparameters.items()
        )

    __hash__ = None  # type: ignore[assignment]


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Tell whether an array of one shape broadcasts to another without changing that."""
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return len(shape) <= len(target) and all(mine in (1, theirs) for mine, theirs in pairs)


def plain(value: Any) -> Any:
    """Turn a NumPy scalar into a Python float, which does not promote float32 arrays."""
    return value.item() if isinstance(value, np.generic) else value


_INTERVALS: dict[type, dict[str, Interval]] = {}


def _intervals(cls: type[Optimizer]) -> dict[str, Interval]:
    """Return the range of each hyperparameter of a class."""
    if cls not in _INTERVALS:
        _INTERVALS[cls] = {item.name: item.metadata["interval"] for item in fields(cls)}
    return _INTERVALS[cls]
