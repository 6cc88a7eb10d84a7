"""Fermoposta: the directory, the doors to it, and the services that stand on it."""
