"""Memory for loops of ufuncs: where it begins, and that it is zero."""

import numpy as np
import pytest

from trajectories.records import aligned, aligned_like


@pytest.mark.parametrize("dtype", [bool, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (2, 8192), (3, 1001), (2, 3, 400)])
def test_it_is_an_array_of_zeros_like_any_other(shape, dtype):
    kept = [aligned(shape, dtype) for _ in range(5)]
    for array in kept:
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()
        assert array.nbytes < 1024 or array.ctypes.data % 64 == 0
        array[...] = 1
    assert not np.shares_memory(kept[0], kept[1])


def test_it_lies_as_the_other_does():
    rows = np.ones((40, 50))
    assert aligned_like(rows, float).strides == rows.strides
    assert aligned_like(rows.T, np.float32).strides == (4, 200)
    assert aligned_like(rows[::2, 3:7], bool).strides == (4, 1)
    assert not aligned_like(rows.T, bool).any()
