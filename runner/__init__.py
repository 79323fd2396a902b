"""Requirements -> environment -> execution -> result; `forerun.runner.run.run_source` is the pipeline."""

from __future__ import annotations
