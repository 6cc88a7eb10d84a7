"""
Tasks: a VTODO as ApplicationData, and back (MS-ASTASK).

As with appointments, only what differs from what the device was sent is written.
"""

from fermoposta.activesync.map.tasks.change import from_element
from fermoposta.activesync.map.tasks.show import to_element

__all__ = ["from_element", "to_element"]
