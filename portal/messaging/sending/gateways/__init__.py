"""The gateways: each takes one message at a time and says what became of it, and reads its own receipts."""
