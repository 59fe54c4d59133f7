"""`python -m mesocosm`."""

from mesocosm.cli.app import run

run()
