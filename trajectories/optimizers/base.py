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
from trajectories.optimizers.rule import Array, Hyperparameter, Rule, hyperparameter
from trajectories.validation import must

__all__ = ["Array", "Hyperparameter", "Optimizer", "hyperparameter"]


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
            As for `update`, but arrays only.

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
                raise must("params", "arrays, and so must `grads`", params[key], kind=TypeError)
        return self._prepared(pairs)

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
        """Return what the state is to hold while the hyperparameters stay what they are.

        A plain number becomes an array of the parameter's type without dimensions, as a ufunc
        takes twice as long over a Python number. What meets the gradient must stay a Python
        number, as the gradient may be of another type.
        """
        return {}

    def _pairs(
        self, params: Mapping[Any, Any], grads: Mapping[Any, Any]
    ) -> dict[Any, tuple[Array, Array]]:
        """Return every parameter with its gradient, if all is as it must be."""
        pairs = {key: self._checked(key, p, grads) for key, p in params.items()}
        if self._state and self._state.keys() != pairs.keys():
            raise ValueError(
                f"`params` must keep its keys {list(self._state)}. Got {list(pairs)} instead; "
                "`fresh()` gives an unused optimizer."
            )
        if not self._fits:
            self._check_fit(pairs)
        return pairs

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

    def _check_fit(
        self, pairs: Mapping[Any, tuple[Array, Array]], rate: tuple[int, ...] = ()
    ) -> None:
        """Raise unless the hyperparameters, and a rate of this shape, fit the parameters."""
        shape = np.broadcast_shapes(self.batch_shape, rate)
        if shape:
            for key, (p, _) in pairs.items():
                if not _broadcasts(shape, p.shape):
                    raise must(
                        f"params[{key!r}]", f"of a shape that {shape} broadcasts to", p.shape
                    )
        self._fits = bool(pairs)

    def _begun(self, pairs: Mapping[Any, tuple[Array, Array]]) -> list[tuple[Any, ...]]:
        """Return what `_step` takes for every key; before the first step, allocate it."""
        stale = self._ready is None
        if self._ready is None:
            self._ready = self._constants()
        for key, (p, _) in pairs.items():
            new = key not in self._state
            if new:
                arrays = {name: aligned_like(p, p.dtype) for name in self._state_names}
                self._state[key] = SimpleNamespace(shape=p.shape, **arrays)
                self._start(self._state[key])
            if new or stale:
                for name, value in self._ready.items():
                    held = value if isinstance(value, np.ndarray) else np.array(value, p.dtype)
                    setattr(self._state[key], name, held)
        return [(p, g, self._state[key], self._scratch_like(p)) for key, (p, g) in pairs.items()]

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


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Tell whether an array of one shape broadcasts to another without changing that."""
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return len(shape) <= len(target) and all(mine in (1, theirs) for mine, theirs in pairs)
