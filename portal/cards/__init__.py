"""The e-card: a code that lives for a moment, and what it says to whoever scans it."""
