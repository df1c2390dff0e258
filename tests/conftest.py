"""Settings that all tests share."""

from hypothesis import settings

# The first example pays for imports and compiling, and CI machines are busy: no time limit.
settings.register_profile("trajectories", deadline=None)
settings.load_profile("trajectories")
