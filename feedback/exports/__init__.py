"""Motions, findings and all else of a patient as files that people take with them."""
