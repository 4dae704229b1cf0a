"""Pose sequences and the files they come in. Needs NumPy only."""
