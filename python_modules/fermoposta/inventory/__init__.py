"""
From what an operator declared to records, or to every problem at once.

`load` reads, `parse` understands, `check` compares the records with each other; the module `export`
is the way back.
"""

from fermoposta.directory.check import check
from fermoposta.directory.problem import Problem
from fermoposta.inventory.load import Raw, load
from fermoposta.inventory.parse import InventoryError, parse

__all__ = ["InventoryError", "Problem", "Raw", "check", "load", "parse"]
