"""The account of someone who is a member already: her first password, and the next one when it is forgotten."""
