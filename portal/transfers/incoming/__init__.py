"""校外转入: someone comes from another union with her letter, and keeps the day on which she joined."""
