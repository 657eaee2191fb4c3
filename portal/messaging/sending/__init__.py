"""What sends: rows that wait, a worker that never sends one twice, gateways and their receipts."""
