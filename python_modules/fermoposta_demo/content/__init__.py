"""Demo content: a year of mail, calendars and contacts of invented people."""

from fermoposta_demo.content.load import load

__all__ = ["load"]
