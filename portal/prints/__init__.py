"""Printing for many: jobs that make one PDF, the proof that a print is genuine, and the paper archive."""
