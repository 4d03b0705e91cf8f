"""The outside world, one package per system; nothing in here knows a feature or the database."""
