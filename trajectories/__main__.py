"""Run the command line: ``python -m trajectories``."""

import sys

from trajectories.cli import main

if __name__ == "__main__":
    sys.exit(main())
