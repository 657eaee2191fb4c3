"""Members brought in a file: looked at first, written at once or not at all, taken back within a day."""
