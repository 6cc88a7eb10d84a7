"""
Meetings that somebody else has called: what an answer does to the calendar, and how it is told.

Of three that could write to the organiser, the device, the webmail's server and this gateway, one
does: up to 14.1 the device itself, by SendMail; from 16.0 on the gateway, where the device asks for
it (SendResponse). The webmail's server is always told to keep silent.
"""
