"""Delegates from a file: what its rows become, line by line, before anything is written; and the way back."""
