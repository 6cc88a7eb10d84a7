"""
What Outlook keeps, by its properties (MS-OXPROPS), as mail, iCalendar and vCard.

Pure: properties in, octets out. The same properties are in a data file (MS-PST), and on the wire of
MAPI over HTTP.

* `properties`   a bag of them, and their names
* `mail`         a message as RFC 5322 has it (MS-OXCMAIL)
* `calendar`     appointments and tasks as iCalendar (MS-OXCICAL), with `recurrence` (MS-OXOCAL)
* `contact`      a contact as vCard (MS-OXVCARD)
* `note`         a note as the message that keeps it
* `zones`        Windows' names for time zones
"""
