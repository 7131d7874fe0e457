"""The walls around a worker, and the data that says what they let through."""
