"""Handing over: who holds which post for which term, and what passes from one officer to the next."""
