"""`python -m forerun` is the command `forerun`."""

from __future__ import annotations

import sys

from forerun.commands.main import forerun

if __name__ == "__main__":
    sys.exit(forerun())
