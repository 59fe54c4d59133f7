"""`python -m mesocosm`."""

from mesocosm.cli.main import run

run()
