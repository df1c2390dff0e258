"""How many threads compute a matrix product: results must not depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["single_thread"]


@contextmanager
def single_thread() -> Iterator[None]:
    """Have one thread for matrix products inside a block, or in a function that this decorates."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
