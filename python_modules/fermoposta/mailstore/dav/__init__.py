"""
Calendars and address books at the webmail's server, by CalDAV and CardDAV, as their user.

`wire` is the connection and its errors, `bodies` what is asked, `answers` what is read, `token` how
changes are told apart, `busy` the free/busy times, and `groupware` puts them together.

What SOGo 5.12 leaves to its clients, and is done here:

* It takes ``If-None-Match`` for granted, ``If-Match`` too where the object is gone or is deleted:
  the ETag is asked for first.
* Its sync tokens are seconds, so that a change within the second of a token can be missed; any
  text is a token. See `token`.
* It answers 404 to content that it can't read.

No object is moved (MOVE, COPY): SOGo asks for no right there, and nobody stands in between.
"""

from fermoposta.mailstore.dav.groupware import DavGroupware
from fermoposta.mailstore.dav.wire import shared_client

__all__ = ["DavGroupware", "shared_client"]
