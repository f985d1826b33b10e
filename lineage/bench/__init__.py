"""What questions and loads cost, as ratios to references that are measured in the same run.

The data is a simulated network (``lineage.simulate``), so anybody with the same seed measures the same thing. Absolute times move
from machine to machine; the ratios are what is claimed.
"""
