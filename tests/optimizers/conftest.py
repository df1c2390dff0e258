"""What the tests of optimizers share."""

import pytest

from trajectories import OPTIMIZERS


@pytest.fixture(params=OPTIMIZERS.values(), ids=OPTIMIZERS, scope="session")
def cls(request):
    """One of the rules that see gradients only."""
    return request.param
