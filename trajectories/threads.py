"""How many threads compute a matrix product: results must not depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["single_thread"]


@contextmanager
def single_thread() -> Iterator[None]:
    """Have one thread for matrix products inside a block, or in a function that this decorates.

    With another number of threads sums are rounded otherwise, and a result would depend on where
    it is computed; besides, threads of several processes are in each other's way. To change the
    number takes some milliseconds: it is for whole runs, and not for single products.

    Examples
    --------
    >>> import numpy as np
    >>> with single_thread():
    ...     (np.ones((2, 3)) @ np.ones(3)).tolist()
    [3.0, 3.0]
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
