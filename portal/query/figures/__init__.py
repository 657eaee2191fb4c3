"""Figures: how many of each, in percent, the reports of the year, and one page for a branch."""
