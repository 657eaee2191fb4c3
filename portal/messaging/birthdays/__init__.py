"""Birthdays: each member is greeted once a year, whatever the clock does."""
