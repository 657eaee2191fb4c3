"""Wordings: texts with blanks in 【】, filled in from each member's record or once for all who get the message."""
