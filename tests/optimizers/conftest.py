"""What the tests of optimizers share."""

import pytest

from trajectories.optimizers import OPTIMIZERS


@pytest.fixture(params=OPTIMIZERS.values(), ids=OPTIMIZERS)
def cls(request):
    """One of the rules that see gradients only."""
    return request.param
