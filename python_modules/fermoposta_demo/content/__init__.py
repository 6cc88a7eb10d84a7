"""Demo content: a year of mail, calendars and contacts of invented people, the same on every machine."""

from fermoposta_demo.content.load import load

__all__ = ["load"]
