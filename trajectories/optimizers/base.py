"""The base of the rules that work element by element: state per key, and a step in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from trajectories.buffers import aligned_like
from trajectories.optimizers.arithmetic import power
from trajectories.optimizers.memory import flattened, unflattened
from trajectories.optimizers.pairs import check_fit, pair
from trajectories.optimizers.rule import Array, Hyperparameter, Rule, hyperparameter
from trajectories.validation import integer, must

__all__ = ["Array", "Hyperparameter", "Optimizer", "hyperparameter"]

_NONE: Array = np.zeros(())


@dataclass(eq=False)
class Optimizer(Rule, ABC):
    """The base of all optimizers that see gradients only: a rule that works element by element.

    A rule is a dataclass of its hyperparameters with one method, `_step`. The same object updates
    two coordinates, a batch of starts, or all weights of a network, as long as the arrays it is
    given keep their keys and shapes; `fresh` returns one that has not been used yet.

    Parameters
    ----------
    lr : float, array, str or callable
        Learning rate, positive: the length of a step for a gradient of 1. An array must
        broadcast against the parameters. A callable is a schedule: it is given the number of the
        step, from 0, and returns the learning rate of that step. Text stands for a schedule
        of the package.

    Attributes
    ----------
    name : str
        The name in spec strings, such as "adam".
    steps_taken : int
        How many updates there have been.

    Notes
    -----
    Subclasses name their arrays per key in `_state_names` (they start at zero, unless `_start`
    says otherwise), how many scratch arrays the rule wants in `_scratch`, and how many more of
    truth values in `_masks`. Scratch arrays are shared by all keys of one shape and type, so that
    an update allocates nothing after the first. Factors that stay what they are can be held ready
    in the state by `_constants`.

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
        """Start unused."""
        super().__post_init__()
        self._fits = False
        self._distinct: dict[str, tuple[Array, Array]] = {}
        self._ready: dict[str, Hyperparameter] | None = None
        self._state: dict[Any, SimpleNamespace] = {}
        self._buffers: dict[tuple[tuple[int, ...], np.dtype[Any]], list[Array]] = {}

    def _changed(self, name: str) -> None:
        self.__dict__["_fits"] = False
        self.__dict__["_distinct"] = {}
        self.__dict__["_ready"] = None

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
        pairs = self._pairs(params, grads)
        self._prepared(pairs)()
        for key, (p, _) in pairs.items():
            old = params[key]
            if old is not p:
                params[key] = p.item() if type(old) is float else p[()]

    def bind(self, params: Mapping[Any, Array], grads: Mapping[Any, Array]) -> Callable[[], None]:
        """Return a function that makes one step from what the arrays hold when it is called.

        For loops in which parameters and gradients stay in the same arrays: these are checked
        once, and not in every step.

        Parameters
        ----------
        params, grads : mapping of float arrays
            As for `update`, but arrays of floats only, and none in the memory of another.

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
        >>> from trajectories.optimizers import SGD
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
                name, given = ("params", params) if p is not params[key] else ("grads", grads)
                wanted = "an array of floats with memory of its own, to be bound"
                raise must(f"{name}[{key!r}]", wanted, given[key], kind=TypeError)
        return self._prepared(pairs)

    def state(self, *, copy: bool = True) -> dict[str, Array]:
        """Return all that the optimizer remembers between steps.

        Parameters
        ----------
        copy : bool, default True
            Whether the arrays are copies. Otherwise those of a parameter's shape are the
            optimizer's own: what is changed in them is changed in it.

        Returns
        -------
        dict of numpy.ndarray
            By "key/name", such as "x/m"; and the number of steps, as "steps_taken".

        Raises
        ------
        TypeError
            If a key of the parameters is not text.

        Examples
        --------
        >>> from trajectories.optimizers import Momentum
        >>> rule = Momentum(0.1)
        >>> rule.update({"x": np.zeros(2)}, {"x": np.ones(2)})
        >>> rule.state()
        {'steps_taken': array(1), 'x/v': array([-0.1, -0.1])}
        """
        found = flattened(self._state, (*self._state_names, *self._numbers()))
        if copy:
            found = {path: array.copy() for path, array in found.items()}
        return {"steps_taken": np.array(self.steps_taken), **found}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on from where an optimizer with the same hyperparameters was.

        Parameters
        ----------
        state : mapping of numpy.ndarray
            What `state` returned. Steps that `bind` has returned go on from it, too.

        Raises
        ------
        TypeError, ValueError
            If it is not what `state` returns for an optimizer of this class; then nothing has
            been changed.

        Examples
        --------
        >>> from trajectories.optimizers import Momentum
        >>> rule, twin = Momentum(0.1), Momentum(0.1)
        >>> rule.update({"x": np.zeros(2)}, {"x": np.ones(2)})
        >>> twin.load_state(rule.state())
        >>> twin.steps_taken, twin.state()["x/v"]
        (1, array([-0.1, -0.1]))
        """
        found = dict(state)
        if "steps_taken" not in found:
            raise must("state", "a mapping with 'steps_taken'", list(found))
        steps = integer("steps_taken", np.asarray(found.pop("steps_taken")).item(), 0)
        self._state = dict(unflattened(found, self._state_names, self._numbers()))
        self._changed("lr")  # What is derived from hyperparameters is not part of the state.
        self.steps_taken = steps

    def _prepared(self, pairs: Mapping[Any, tuple[Array, Array]]) -> Callable[[], None]:
        """Return the step of parameters that have been checked."""
        work: list[tuple[Any, ...]] = []
        own = self.__dict__

        def step() -> None:
            lr = self.learning_rate()
            if not self._fits or lr.__class__ is not float:
                self._check_fit(pairs, np.shape(lr))
            if self._ready is None or not work:
                work[:] = self._begun(pairs)
            own["steps_taken"] += 1  # Not a hyperparameter, which would have to be checked.
            for p, g, state, scratch in work:
                self._step(p, g, lr, state, *scratch)

        return step

    @abstractmethod
    def _step(self, p: Array, g: Array, lr: Hyperparameter, state: Any, *scratch: Array) -> None:
        """Change one parameter array and its state in place."""

    def _start(self, state: Any) -> None:
        """Give a state other values than zero to start from."""

    def _constants(self) -> dict[str, Hyperparameter]:
        """Return what the state is to hold while the hyperparameters stay what they are."""
        return {}

    def _pairs(
        self, params: Mapping[Any, Any], grads: Mapping[Any, Any]
    ) -> dict[Any, tuple[Array, Array]]:
        """Return every parameter with its gradient, if all is as it must be."""
        for name, given in (("params", params), ("grads", grads)):
            if not isinstance(given, Mapping):
                raise must(name, "a mapping of arrays by key", given, kind=TypeError)
        pairs = {key: pair(key, p, grads) for key, p in params.items()}
        self._check_known(pairs)
        if not self._fits:
            self._check_fit(pairs)
        return pairs

    def _check_known(self, pairs: Mapping[Any, tuple[Array, Array]]) -> None:
        """Raise unless what is remembered is of these parameters."""
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
        """Raise unless the hyperparameters, and a rate of this shape, fit the parameters."""
        check_fit(pairs, np.broadcast_shapes(self.batch_shape, rate))
        self._fits = bool(pairs)

    def _begun(self, pairs: Mapping[Any, tuple[Array, Array]]) -> list[tuple[Any, ...]]:
        """Return what `_step` takes for every key; before the first step, allocate it."""
        stale = self._ready is None
        if self._ready is None:
            self._check_known(pairs)  # It may have been loaded since they were checked.
            self._ready = self._constants()
        for key, (p, _) in pairs.items():
            new = key not in self._state
            if new:
                self._state[key] = self._unused(p)
            if new or stale:
                for name, value in self._ready.items():
                    setattr(self._state[key], name, np.asarray(value, p.dtype))
        return [(p, g, self._state[key], self._scratch_like(p)) for key, (p, g) in pairs.items()]

    def _unused(self, p: Array) -> SimpleNamespace:
        """Return what is remembered of a parameter before the first step."""
        arrays = {name: aligned_like(p, p.dtype) for name in self._state_names}
        state = SimpleNamespace(shape=p.shape, **arrays)
        self._start(state)
        return state

    def _numbers(self) -> list[str]:
        """Name what `_start` adds to the arrays."""
        return [n for n in vars(self._unused(_NONE)) if n not in ("shape", *self._state_names)]

    def _forget(self) -> None:
        kept = ("shape", *self._state_names)
        for state in self._state.values():
            for name in vars(state).keys() - kept:
                delattr(state, name)
            for name in self._state_names:
                getattr(state, name)[...] = 0
            self._start(state)
        self._ready = None  # Constants are part of the state, too.

    def _power(self, name: str, exponent: int) -> Any:
        """Raise a hyperparameter to a power; of equal elements of an array, only one."""
        value = getattr(self, name)
        if isinstance(value, float):
            return value**exponent
        if name not in self._distinct:
            self._distinct[name] = np.unique(value, return_inverse=True)
        distinct, places = self._distinct[name]
        return power(distinct, exponent)[places].reshape(value.shape)

    def _scratch_like(self, p: Array) -> list[Array]:
        key = (p.shape, p.dtype)
        if key not in self._buffers:
            kinds = [p.dtype] * self._scratch + [np.dtype(bool)] * self._masks
            self._buffers[key] = [aligned_like(p, kind) for kind in kinds]
        return self._buffers[key]
