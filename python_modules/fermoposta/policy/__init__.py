"""Decide at the door: who may send as whom to whom (Postfix policy delegation and milter)."""
