"""
What can be wrong with a request before its body is read.

* RequestError           its query or a header is malformed; says which, and how it should be
"""

SHOWN = 80
"""Characters of a value that an error quotes."""


class RequestError(Exception):
    """*value*, found at *place* of the request, can't be understood; *remedy* says what can."""

    def __init__(self, place: str, value: object, problem: str, remedy: str) -> None:
        quoted = value if isinstance(value, int) else repr(str(value)[:SHOWN])
        super().__init__(f"{place} {quoted} {problem}; {remedy}")
        self.place = place
        self.value = value
        self.problem = problem
        self.remedy = remedy
