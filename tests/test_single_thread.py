"""One thread for matrix products, as long as anyone asks for it, and then as many as before."""

import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from trajectories.records import single_thread


def threads():
    """Return how many threads each BLAS has."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    import numpy  # noqa: F401

    with threadpool_limits(limits=2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("the number of this BLAS's threads cannot be told or set")
        yield


def test_there_is_one_thread_inside_and_as_many_as_before_behind():
    with single_thread():
        assert threads() == {1}
        with single_thread():
            pass
        assert threads() == {1}
    assert threads() == {2}
    with pytest.raises(KeyboardInterrupt), single_thread():
        raise KeyboardInterrupt
    assert threads() == {2}


def test_it_decorates_functions():
    @single_thread()
    def inside(more):
        return threads(), more

    assert inside(5) == ({1}, 5) == inside(more=5)
    assert threads() == {2}


def test_nothing_is_imported_for_it_before_it_is_needed():
    code = "import sys, trajectories.mnist.trainer; assert 'threadpoolctl' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
