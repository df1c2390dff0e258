"""The base of all optimizers: hyperparameters, state, update."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy import add, multiply, subtract
from numpy.typing import NDArray

from trajectories.checks import NON_NEGATIVE, POSITIVE, Interval, finite, integer, must
from trajectories.optimizers.schedules import as_schedule
from trajectories.records import aligned_like

Array: TypeAlias = NDArray[Any]
#: A number, or an array that broadcasts against the parameters.
Hyperparameter: TypeAlias = float | NDArray[np.float64]
Self = TypeVar("Self", bound="Rule")


def hyperparameter(default: float, interval: Interval) -> Any:
    """Declare a hyperparameter: a dataclass field with a default and a range."""
    return field(default=default, metadata={"interval": interval})


@dataclass(eq=False)
class Rule:
    """The base of both families of optimizers: a rule and its hyperparameters."""

    name: ClassVar[str]
    formula: ClassVar[str]

    lr: Any = hyperparameter(0.01, POSITIVE)

    def __init_subclass__(cls, **settings: Any) -> None:
        """Give a class without a name its own, instead of its parent's."""
        super().__init_subclass__(**settings)
        if "name" not in vars(cls):
            cls.name = cls.__name__.lower()

    def __post_init__(self) -> None:
        """Set the number of steps to 0."""
        self.steps_taken = 0

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; hyperparameters are checked first."""
        interval = _intervals(type(self)).get(name)
        if interval is not None:
            if name == "lr" and isinstance(value, str) and "(" in value:
                value = as_schedule(value)
            if not (name == "lr" and callable(value)):
                value = finite(name, value, interval)
            self._changed(name)
        object.__setattr__(self, name, value)

    def _changed(self, name: str) -> None:
        """Discard the values derived from hyperparameters."""

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
        """Return an unused copy, with some hyperparameters changed.

        Examples
        --------
        >>> from trajectories import SGD
        >>> SGD(0.95).fresh(lr=0.5)
        SGD(lr=0.5)
        """
        values = self.hyperparameters
        if changes or any(isinstance(value, np.ndarray) for value in values.values()):
            return replace(self, **changes)
        unused = object.__new__(type(self))
        vars(unused).update(values)  # Already checked.
        unused.__post_init__()
        return unused

    def part(self: Self, batch: tuple[int, ...], index: Any) -> Self:
        """Return an unused copy for some of the paths of a batch.

        Parameters
        ----------
        batch : tuple of int
            The shape of the batch, to which arrays of hyperparameters are broadcast.
        index : int, slice, numpy.ndarray or tuple
            The index of the paths; it may select none.

        Examples
        --------
        >>> from trajectories import SGD
        >>> SGD([0.1, 0.5, 0.9]).part((3,), 1)
        SGD(lr=0.5)
        """
        unused = self.fresh()
        for name, value in self.hyperparameters.items():
            if isinstance(value, np.ndarray):  # Already checked.
                values = np.broadcast_to(value, batch)[index]
                vars(unused)[name] = values.copy() if values.ndim else float(values)
        return unused

    def restart(self, **changes: Any) -> None:
        """Reset to unused, with some hyperparameters changed.

        Steps that `bind` returned continue from there, in the same memory.

        Examples
        --------
        >>> from trajectories import Momentum
        >>> rule, p = Momentum(0.1), np.array([1.0])
        >>> step = rule.bind({"p": p}, {"p": np.array([1.0])})
        >>> step(), step(), rule.restart(lr=0.5), step(), p
        (None, None, None, None, array([0.21]))
        """
        for name, value in changes.items():
            setattr(self, name, value)
        self.steps_taken = 0
        self._reset_state()

    def _reset_state(self) -> None:
        """Reset the state, if any, to that before the first step."""

    def __eq__(self, other: object) -> bool:
        """Return whether both are of one class with the same hyperparameters."""
        if type(other) is not type(self):
            return NotImplemented
        theirs = other.hyperparameters
        return all(same(h, theirs[name]) for name, h in self.hyperparameters.items())

    __hash__ = None  # type: ignore[assignment]


def same(mine: Any, theirs: Any) -> bool:
    """Return whether two hyperparameters, numbers, arrays or schedules, are equal."""
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
            if "interval" in item.metadata  # Other fields of a user's class have none.
        }
    return _INTERVALS[cls]


def flattened(memory: Mapping[Any, SimpleNamespace], names: Collection[str]) -> dict[str, Array]:
    """Return the arrays of every key as "key/name"."""
    for key in memory:
        if not isinstance(key, str):
            raise must("params", "keyed by text, to tell its state", key, kind=TypeError)
    return {
        f"{key}/{name}": np.asarray(getattr(state, name))
        for key, state in memory.items()
        for name in names
    }


def unflattened(
    state: Mapping[str, Array], arrays: Collection[str], numbers: Collection[str]
) -> dict[str, SimpleNamespace]:
    """Return the state from which `flattened` made arrays, in copies."""
    groups: dict[str, dict[str, Array]] = {}
    for path, value in state.items():
        if not isinstance(path, str):
            raise must("state", 'keyed by text such as "x/m"', path, kind=TypeError)
        key, _, name = path.rpartition("/")
        groups.setdefault(key, {})[name] = np.array(value)
    memory: dict[str, SimpleNamespace] = {}
    for key, group in groups.items():
        if group.keys() != {*arrays, *numbers}:
            expected = ", ".join(f"{key}/{name}" for name in (*arrays, *numbers)) or "nothing"
            raise must("state", f"a mapping with {expected} of the key {key!r}", sorted(group))
        if any(value.dtype.kind != "f" for value in group.values()):
            raise must("state", f"of floats for the key {key!r}", group)
        shapes = {group[name].shape for name in arrays}
        if len(shapes) > 1:
            raise must("state", f"of one shape for the key {key!r}", sorted(shapes))
        scalars = {n: group[n].item() if group[n].ndim == 0 else group[n] for n in numbers}
        memory[key] = SimpleNamespace(
            shape=shapes.pop() if shapes else (), **{n: group[n] for n in arrays}, **scalars
        )
    return memory


def root(value: Any) -> Any:
    """Return the square root of a float as a float, and of an array as an array."""
    return math.sqrt(value) if isinstance(value, float) else np.sqrt(value)


def power(base: Any, exponent: Any) -> Any:
    """Return a power; arrays element by element, in Python's arithmetic."""
    if not (isinstance(base, np.ndarray) or isinstance(exponent, np.ndarray)):
        return base**exponent
    bases, exponents = np.broadcast_arrays(base, exponent)
    pairs = zip(bases.ravel().tolist(), exponents.ravel().tolist(), strict=True)
    return np.array([b**e for b, e in pairs]).reshape(bases.shape)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """Return one of two values; for arrays, element by element."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def decay(p: Array, lr: Hyperparameter, weight_decay: Hyperparameter) -> None:
    """Shrink parameters by weight decay, decoupled from the gradient: p times 1 - lr wd."""
    factor = 1 - lr * weight_decay
    if isinstance(factor, np.ndarray) or factor != 1:
        p *= factor


def average(mean: Array, value: Array, pull: Any, scratch: Array) -> None:
    """Move a running mean towards a value: mean + pull (value - mean)."""
    subtract(value, mean, scratch)
    multiply(scratch, pull, scratch)
    add(mean, scratch, mean)


def average_square(mean: Array, value: Array, pull: Any, scratch: Array) -> None:
    """Move a running mean towards the square of a value."""
    if value.dtype is scratch.dtype:
        multiply(value, value, scratch)
    else:  # Half precision would overflow.
        multiply(value, value, scratch, dtype=scratch.dtype)
    subtract(scratch, mean, scratch)
    multiply(scratch, pull, scratch)
    add(mean, scratch, mean)


def pair(key: Any, p: Any, grads: Mapping[Any, Any]) -> tuple[Array, Array]:
    """Return a parameter and its gradient as arrays."""
    if key not in grads:
        raise ValueError(f"`grads` must have the keys of `params`. It has no {key!r}.")
    if isinstance(p, (float, np.floating)):
        p = np.array(p)  # Of the same type: a float32 stays one.
    if isinstance(p, np.ndarray) and not p.flags.writeable:
        raise must(f"params[{key!r}]", "writeable, as it is changed in place", "a read-only array")
    if not isinstance(p, np.ndarray) or p.dtype.kind != "f":
        kind = p.dtype if isinstance(p, np.ndarray) else type(p).__name__
        raise TypeError(
            f"`params[{key!r}]` must be a float or an array of floats, as steps are no whole "
            f"numbers. Got {kind} instead."
        )
    if p.dtype.itemsize < 4:
        raise must(
            f"params[{key!r}]",
            "float32 or longer, as an optimizer's small numbers are 0 in half precision",
            p.dtype.name,
            kind=TypeError,
        )
    g = np.asarray(grads[key])
    if g.shape != p.shape:
        raise must(f"grads[{key!r}]", f"of its parameter's shape {p.shape}", g.shape)
    if g.dtype.kind not in "fiu":
        raise must(f"grads[{key!r}]", "numbers", g.dtype, kind=TypeError)
    if g.dtype.kind != "f":
        g = g.astype(p.dtype)
    elif np.may_share_memory(p, g) and np.shares_memory(p, g):
        g = g.copy()
    return p, g


def check_fit(pairs: Mapping[Any, tuple[Array, Array]], shape: tuple[int, ...]) -> None:
    """Raise unless a shape of hyperparameters broadcasts to that of every parameter."""
    for key, (p, _) in pairs.items():
        if shape and not _broadcasts(shape, p.shape):
            raise must(f"params[{key!r}]", f"of a shape that {shape} broadcasts to", p.shape)


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Return whether a shape broadcasts to another without extending it."""
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return len(shape) <= len(target) and all(mine in (1, theirs) for mine, theirs in pairs)


_SCALAR: Array = np.zeros(())


@dataclass(eq=False)
class Optimizer(Rule, ABC):
    """The base of all first-order optimizers: a rule that works element by element.

    A rule is a dataclass of its hyperparameters with one method, `_step`. The same object updates
    two coordinates, a batch of starts, or all weights of a network, as long as the arrays keep
    their keys and shapes; `fresh` returns an unused one.

    Parameters
    ----------
    lr : float, array, str or callable
        Learning rate, positive: the length of a step for a gradient of 1. An array must
        broadcast against the parameters. A callable is a schedule: it maps the number of the step,
        from 0, to the learning rate of that step. Text is parsed as a schedule of the package.

    Attributes
    ----------
    name : str
        The name in spec strings, such as "adam".
    steps_taken : int
        The number of updates so far.

    Notes
    -----
    Subclasses define the names of their arrays per key in `_state_names` (they start at zero, or as
    `_start` sets them), the number of scratch arrays in `_scratch`, and that of boolean ones in
    `_masks`. Scratch arrays are shared by all keys of one shape and type, so that an update
    allocates nothing after the first. `_constants` adds constant factors to the state.

    Examples
    --------
    >>> class Clipped(Optimizer):
    ...     def _step(self, p, g, lr, state, *scratch):
    ...         p -= lr * np.clip(g, -1, 1)
    >>> import trajectories as tj
    >>> tj.descend("x**2/20 + y**2", Clipped(0.5), start=(-7, 2), steps=3).positions[:, 1]
    array([2. , 1.5, 1. , 0.5])
    """

    _state_names: ClassVar[tuple[str, ...]] = ()
    _scratch: ClassVar[int] = 1
    _masks: ClassVar[int] = 0

    def __post_init__(self) -> None:
        """Initialize without state."""
        super().__post_init__()
        self._fits = False
        self._distinct: dict[str, tuple[Array, Array]] = {}
        self._constant_values: dict[str, Hyperparameter] | None = None
        self._state: dict[Any, SimpleNamespace] = {}
        self._buffers: dict[tuple[tuple[int, ...], np.dtype[Any]], list[Array]] = {}

    def _changed(self, name: str) -> None:
        self.__dict__["_fits"] = False
        self.__dict__["_distinct"] = {}
        self.__dict__["_constant_values"] = None

    def update(self, params: MutableMapping[Any, Any], grads: Mapping[Any, Any]) -> None:
        """Make one step: change every array of `params` in place.

        Parameters
        ----------
        params : mutable mapping of float arrays
            The parameters by key. Float arrays of any shape are changed in place; a Python or NumPy
            float is replaced in the mapping.
        grads : mapping of arrays
            The gradient by each parameter, under the same keys and in the same shapes.

        Raises
        ------
        TypeError
            If a parameter is not of a floating type.
        ValueError
            If a gradient is missing, if its shape is not its parameter's, or if keys or shapes
            have changed since the last update. After any error, parameters and state are unchanged.

        Examples
        --------
        >>> from trajectories import SGD
        >>> params = {"x": np.array([-7.0, 2.0])}
        >>> SGD(0.5).update(params, {"x": np.array([-0.7, 4.0])})
        >>> params["x"]
        array([-6.65,  0.  ])
        """
        pairs = self._pairs(params, grads)
        self._prepared(pairs)()
        for key, (p, _) in pairs.items():
            old = params[key]
            if old is not p:
                params[key] = p.item() if type(old) is float else p[()]

    def bind(self, params: Mapping[Any, Array], grads: Mapping[Any, Array]) -> Callable[[], None]:
        """Return a function that makes one step, by the current values of the arrays.

        For loops in which parameters and gradients stay in the same arrays, which are checked once
        instead of in every step.

        Parameters
        ----------
        params, grads : mapping of float arrays
            As for `update`, but only arrays of floats that share no memory.

        Returns
        -------
        callable
            Takes no arguments and returns nothing.

        Raises
        ------
        TypeError, ValueError
            As `update`.

        Examples
        --------
        >>> from trajectories import SGD
        >>> p, g = np.array([1.0]), np.array([0.5])
        >>> step = SGD(0.5).bind({"p": p}, {"p": g})
        >>> step()
        >>> step()
        >>> p
        array([0.5])
        """
        pairs = self._pairs(params, grads)
        for key, (p, g) in pairs.items():
            if p is not params[key] or g is not grads[key]:
                name, mapping = ("params", params) if p is not params[key] else ("grads", grads)
                requirement = "an array of floats with memory of its own, to be bound"
                raise must(f"{name}[{key!r}]", requirement, mapping[key], kind=TypeError)
        return self._prepared(pairs)

    def state(self, *, copy: bool = True) -> dict[str, Array]:
        """Return the state of the optimizer between steps.

        Parameters
        ----------
        copy : bool, default True
            Whether the arrays are copies. Otherwise those of a parameter's shape are the
            optimizer's own, and changes to them change it.

        Returns
        -------
        dict of numpy.ndarray
            Arrays by "key/name", such as "x/m", and the number of steps, "steps_taken".

        Raises
        ------
        TypeError
            If a key of the parameters is not text.

        Examples
        --------
        >>> from trajectories import Momentum
        >>> rule = Momentum(0.1)
        >>> rule.update({"x": np.zeros(2)}, {"x": np.ones(2)})
        >>> rule.state()
        {'steps_taken': array(1), 'x/v': array([-0.1, -0.1])}
        """
        arrays = flattened(self._state, (*self._state_names, *self._number_names()))
        if copy:
            arrays = {path: array.copy() for path, array in arrays.items()}
        return {"steps_taken": np.array(self.steps_taken), **arrays}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Continue from the state of an optimizer with the same hyperparameters.

        Parameters
        ----------
        state : mapping of numpy.ndarray
            The result of `state`. Steps that `bind` returned continue from it, too.

        Raises
        ------
        TypeError, ValueError
            If it is not the state of an optimizer of this class; then nothing is changed.

        Examples
        --------
        >>> from trajectories import Momentum
        >>> rule, twin = Momentum(0.1), Momentum(0.1)
        >>> rule.update({"x": np.zeros(2)}, {"x": np.ones(2)})
        >>> twin.load_state(rule.state())
        >>> twin.steps_taken, twin.state()["x/v"]
        (1, array([-0.1, -0.1]))
        """
        arrays = dict(state)
        if "steps_taken" not in arrays:
            raise must("state", "a mapping with 'steps_taken'", list(arrays))
        steps = integer("steps_taken", np.asarray(arrays.pop("steps_taken")).item(), 0)
        self._state = dict(unflattened(arrays, self._state_names, self._number_names()))
        self._changed("lr")  # Discards derived values, which are not part of the state.
        self.steps_taken = steps

    def _prepared(self, pairs: Mapping[Any, tuple[Array, Array]]) -> Callable[[], None]:
        """Return the step of checked parameters."""
        work: list[tuple[Any, ...]] = []
        own = self.__dict__

        def step() -> None:
            lr = self.learning_rate()
            if not self._fits or lr.__class__ is not float:
                self._check_fit(pairs, np.shape(lr))
            if self._constant_values is None or not work:
                work[:] = self._arguments(pairs)
            own["steps_taken"] += 1  # Avoids the check of __setattr__.
            for p, g, state, scratch in work:
                self._step(p, g, lr, state, *scratch)

        return step

    @abstractmethod
    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        """Change one parameter array and its state in place."""

    def _start(self, state: Any) -> None:
        """Set the initial values of a state, where they are not zero."""

    def _constants(self) -> dict[str, Hyperparameter]:
        """Return the values in the state that depend on hyperparameters alone."""
        return {}

    def _pairs(
        self, params: Mapping[Any, Any], grads: Mapping[Any, Any]
    ) -> dict[Any, tuple[Array, Array]]:
        """Return every parameter with its gradient, checked."""
        for name, mapping in (("params", params), ("grads", grads)):
            if not isinstance(mapping, Mapping):
                raise must(name, "a mapping of arrays by key", mapping, kind=TypeError)
        pairs = {key: pair(key, p, grads) for key, p in params.items()}
        self._check_known(pairs)
        if not self._fits:
            self._check_fit(pairs)
        return pairs

    def _check_known(self, pairs: Mapping[Any, tuple[Array, Array]]) -> None:
        """Raise unless the state is of these parameters."""
        if self._state and self._state.keys() != pairs.keys():
            raise ValueError(
                f"`params` must keep its keys {list(self._state)}. Got {list(pairs)} instead; "
                "`fresh()` gives an unused optimizer."
            )
        for key, state in self._state.items():
            shape = pairs[key][0].shape
            if state.shape != shape:
                raise must(f"params[{key!r}]", f"of the shape {state.shape} it had before", shape)

    def _check_fit(
        self, pairs: Mapping[Any, tuple[Array, Array]], rate: tuple[int, ...] = ()
    ) -> None:
        """Raise unless hyperparameters, and a rate of a shape, broadcast to the parameters."""
        check_fit(pairs, np.broadcast_shapes(self.batch_shape, rate))
        self._fits = bool(pairs)

    def _arguments(self, pairs: Mapping[Any, tuple[Array, Array]]) -> list[tuple[Any, ...]]:
        """Return the arguments of `_step` for every key; before the first step, allocate them."""
        stale = self._constant_values is None
        if self._constant_values is None:
            self._check_known(pairs)  # The state may have been loaded since.
            self._constant_values = self._constants()
        for key, (p, _) in pairs.items():
            new = key not in self._state
            if new:
                self._state[key] = self._new_state(p)
            if new or stale:
                for name, value in self._constant_values.items():
                    setattr(self._state[key], name, np.asarray(value, p.dtype))
        return [(p, g, self._state[key], self._scratch_like(p)) for key, (p, g) in pairs.items()]

    def _new_state(self, p: Array) -> SimpleNamespace:
        """Return the state of a parameter before the first step."""
        arrays = {name: aligned_like(p, p.dtype) for name in self._state_names}
        state = SimpleNamespace(shape=p.shape, **arrays)
        self._start(state)
        return state

    def _number_names(self) -> list[str]:
        """Return the names that `_start` adds to a state."""
        return [n for n in vars(self._new_state(_SCALAR)) if n not in ("shape", *self._state_names)]

    def _reset_state(self) -> None:
        names = ("shape", *self._state_names)
        for state in self._state.values():
            for name in vars(state).keys() - names:
                delattr(state, name)
            for name in self._state_names:
                getattr(state, name)[...] = 0
            self._start(state)
        self._constant_values = None  # Constants are part of the state, too.

    def _power(self, name: str, exponent: int) -> Any:
        """Return a power of a hyperparameter; of equal elements of an array, compute one."""
        value = getattr(self, name)
        if isinstance(value, float):
            return value**exponent
        if name not in self._distinct:
            self._distinct[name] = np.unique(value, return_inverse=True)
        distinct, inverse = self._distinct[name]
        return power(distinct, exponent)[inverse].reshape(value.shape)

    def _scratch_like(self, p: Array) -> list[Array]:
        key = (p.shape, p.dtype)
        if key not in self._buffers:
            kinds = [p.dtype] * self._scratch + [np.dtype(bool)] * self._masks
            self._buffers[key] = [aligned_like(p, kind) for kind in kinds]
        return self._buffers[key]
