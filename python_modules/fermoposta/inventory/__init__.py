"""
From what an operator declared to records, or to every problem at once.

`load` reads, `parse` understands, `check` compares the records with each other.
"""
