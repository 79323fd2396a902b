"""What a host that installs the bundle starts: the command `forerun`."""

from __future__ import annotations

import sys

from forerun.commands.main import forerun

if __name__ == "__main__":
    sys.exit(forerun())
