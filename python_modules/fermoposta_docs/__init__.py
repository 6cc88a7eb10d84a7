"""
Documents that are made from code, on the controller only; not in the wheel.

`python -m fermoposta_docs write` makes them, `check` says which are not as they would be made.
"""
