"""
Contacts: a vCard as ApplicationData, and back (MS-ASCNTC, section 2.2.2).

A contact of a phone has a fixed number of places: three addresses of mail, two numbers at work. A
card may have more; what finds no place is not shown, and stays.
"""

from fermoposta.activesync.map.contacts.change import from_element
from fermoposta.activesync.map.contacts.show import to_element

__all__ = ["from_element", "to_element"]
