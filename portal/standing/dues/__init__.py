"""会费: the finance office's monthly sheets, and until when each member has paid."""
