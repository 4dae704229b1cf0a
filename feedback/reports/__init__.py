"""Reports: two pages of a session or a period for the patient's file, made by a worker and kept."""
