"""Groups: whom a message is for, asked anew each time it is sent, with the sight of whoever sends it."""
