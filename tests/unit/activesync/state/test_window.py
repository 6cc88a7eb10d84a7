from datetime import date

import pytest

from fermoposta.activesync.state.window import ALL, since


@pytest.mark.parametrize(
    ("filter_type", "first"),
    [(ALL, None), (1, 24), (2, 22), (3, 18), (4, 11), (8, None), (-1, None), (99, None)],
)
def test_a_window_begins_so_many_days_ago(filter_type, first):
    """1, 3, 7 and 14 days; what mail has no filter for holds nothing back."""
    today = date(2026, 11, 25)

    assert since(filter_type, today) == (first and today.replace(day=first))


def test_a_month_is_long_enough_for_any():
    """And the first days of the calendar have no month before them."""
    assert since(5, date(2026, 3, 31)) == date(2026, 2, 28)
    assert since(5, date.min) is None
