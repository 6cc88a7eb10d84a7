"""
Appointments: an iCalendar series with its exceptions as ApplicationData, and back (MS-ASCAL).

A change is held against what the device was sent: only what differs is written to the series. So
what no phone knows stays as it is: other programs' properties, further alarms, links, the
parameters of attendees.
"""

from fermoposta.activesync.map.calendar.attachments import Attached
from fermoposta.activesync.map.calendar.change import (
    change_instance,
    delete_instance,
    from_element,
)
from fermoposta.activesync.map.calendar.show import to_element

__all__ = ["Attached", "change_instance", "delete_instance", "from_element", "to_element"]
