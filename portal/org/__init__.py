"""The floor of units, people, roles and sign-in."""
