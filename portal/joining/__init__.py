"""Joining the union: scan the branch's code, apply, be judged, become a member."""
