"""The tree of units looked after: founded, renamed, moved, disabled, brought by the thousand; and HR's departments."""
