"""撤并方案: a unit with members is closed, merged or split on a day, with all that hangs on it."""
