"""Ways to take a world home: one file and one line each; each makes the bytes of one file of a
scene.
"""

from mesocosm.world.export.glb import glb
from mesocosm.world.export.usdz import usdz

MODELS = {"glb": glb, "usdz": usdz}
