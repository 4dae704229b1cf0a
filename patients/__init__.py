"""Clinics, people, recordings, and who may see or change what."""
