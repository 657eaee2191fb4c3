"""教代会: congresses and their sessions, delegates, the proposal committee, the departments that answer."""
