"""
Between what the stores hold and what phones are sent: iCalendar and others as elements, and back.

Pure functions: no network, no database, no clock. What a phone can't be told is an error that names
the property; what a phone can't say is kept as it stands.
"""
