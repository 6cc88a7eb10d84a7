"""
A phone's side of ActiveSync: for operators who look for a fault, and for our own tests.

A `Connection` asks, a `Device` remembers what a phone would, a `Client` is both; the modules beside
have one group of commands each. Nothing here knows how the gateway works inside: it speaks to other
servers just as well.
"""

from fermoposta.activesync.client.client import Client
from fermoposta.activesync.client.connection import Connection, Exchange
from fermoposta.activesync.client.device import Collection, Device, Folder
from fermoposta.activesync.client.errors import (
    AnswerError,
    ClientError,
    HttpError,
    StatusError,
    UnreachableError,
)

__all__ = [
    "AnswerError",
    "Client",
    "ClientError",
    "Collection",
    "Connection",
    "Device",
    "Exchange",
    "Folder",
    "HttpError",
    "StatusError",
    "UnreachableError",
]
