"""
What a client has, as values: nothing here reads a folder, a database or a clock.

A request's key picks the generation (generations), a folder's snapshot and what the client has of
it make the next answer (mail), and both can be stored as JSON with a version.
"""
