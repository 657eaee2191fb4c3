"""Duplicates: two records of one person become one, are judged before, and may be taken apart within a day."""
