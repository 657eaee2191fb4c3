"""The one time-line of a member: what happened to her, who did it, when it was entered, since when it holds."""
