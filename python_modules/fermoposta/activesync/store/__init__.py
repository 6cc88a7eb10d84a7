"""
What the gateway remembers of devices, and of what they have: one interface, two stores.

``postgres`` keeps it in the directory's database, ``memory`` is its double.
"""
