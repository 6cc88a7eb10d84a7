"""The directory: who has which address, and what they may. Every daemon gets a projection of it."""
