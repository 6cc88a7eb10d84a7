"""Autodiscover for Outlook: plain old XML ([MS-OXDSCLI]), and the JSON that points to it.

Outlook is offered IMAP, POP3 and SMTP; what is answered for ActiveSync stands in ``mobilesync``.
Any other schema is refused in the protocol's own way.
"""

from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET
from xml.parsers import expat

from fermoposta.clientconfig import mobilesync
from fermoposta.clientconfig.facts import Endpoint, Security, Site

RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
LARGEST_REQUEST = 16384
"""Bytes of the largest request that is read; real ones have less than a thousand."""

UNKNOWN_ADDRESS, INVALID, UNKNOWN_SCHEMA = 500, 600, 601
_MESSAGES = {
    UNKNOWN_ADDRESS: "The email address can't be found.",
    INVALID: "Invalid Request",
    UNKNOWN_SCHEMA: "Provider is not available",
}


class RequestError(Exception):
    """The request can't be answered; *code* is what the client is told."""

    def __init__(self, code: int) -> None:
        super().__init__(_MESSAGES[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for."""

    address: str
    schema: str = OUTLOOK


def parse(body: bytes) -> Request:
    """Read a request ([MS-OXDSCLI] section 2.2.3); raise RequestError where it is none.

    A document type is refused: requests have none, and entities in it could be made to explode.
    """
    found: dict[str, str] = {}
    current = ""

    def start(name: str, _attributes: object) -> None:
        nonlocal current
        current = name.rpartition(" ")[2]

    def text(data: str) -> None:
        if current:
            found[current] = found.get(current, "") + data

    def end(_name: str) -> None:
        nonlocal current
        current = ""

    def refuse(*_arguments: object) -> None:
        raise RequestError(INVALID)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    if len(body) > LARGEST_REQUEST:
        raise RequestError(INVALID)
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise RequestError(INVALID) from error
    request = Request(
        address=found.get("EMailAddress", "").strip(),
        schema=found.get("AcceptableResponseSchema", OUTLOOK).strip(),
    )
    if not request.address:
        raise RequestError(INVALID)
    if request.schema not in {OUTLOOK, mobilesync.SCHEMA}:
        raise RequestError(UNKNOWN_SCHEMA)
    return request


def document(site: Site, address: str) -> bytes:
    """Return the settings for *address* ([MS-OXDSCLI] section 2.2.4)."""
    root = ET.Element("Autodiscover", xmlns=RESPONSE)
    response = ET.SubElement(root, "Response", xmlns=OUTLOOK)
    user = ET.SubElement(response, "User")
    _text(user, "DisplayName", address)
    account = ET.SubElement(response, "Account")
    _text(account, "AccountType", "email")
    _text(account, "Action", "settings")
    _protocol(account, "IMAP", site.imap[0], site.host, address)
    if site.pop3:
        _protocol(account, "POP3", site.pop3[0], site.host, address)
    _protocol(account, "SMTP", site.submission[0], site.host, address)
    return _bytes(root)


def refusal(code: int, now: datetime) -> bytes:
    """Return what tells a client that it gets nothing; it goes out with HTTP status 200."""
    root = ET.Element("Autodiscover", xmlns=RESPONSE)
    response = ET.SubElement(root, "Response")
    told = ET.SubElement(response, "Error", Time=now.strftime("%H:%M:%S.%f"), Id="0")
    _text(told, "ErrorCode", str(code))
    _text(told, "Message", _MESSAGES[code])
    ET.SubElement(told, "DebugData")
    return _bytes(root)


def json_answer(site: Site, protocol: str) -> tuple[int, dict[str, str]]:
    """Return HTTP status and body for the JSON question where *protocol* is spoken."""
    urls = {
        "AutodiscoverV1": f"https://{site.host}/autodiscover/autodiscover.xml",
        "ActiveSync": site.activesync_url,
    }
    for name, url in urls.items():
        if protocol.casefold() == name.casefold():
            return 200, {"Protocol": name, "Url": url}
    message = f"The given protocol is not supported; supported values are '{','.join(urls)}'"
    return 400, {"ErrorCode": "InvalidProtocol", "ErrorMessage": message}


def _protocol(account: ET.Element, kind: str, endpoint: Endpoint, host: str, address: str) -> None:
    tls = endpoint.security is Security.TLS
    protocol = ET.SubElement(account, "Protocol")
    _text(protocol, "Type", kind)
    _text(protocol, "Server", host)
    _text(protocol, "Port", str(endpoint.port))
    _text(protocol, "DomainRequired", "off")
    _text(protocol, "LoginName", address)
    _text(protocol, "SPA", "off")
    _text(protocol, "SSL", "on" if tls else "off")
    _text(protocol, "Encryption", "SSL" if tls else "TLS")  # beats SSL where a client knows it
    _text(protocol, "AuthRequired", "on")
    if kind == "SMTP":
        _text(protocol, "UsePOPAuth", "on")
        _text(protocol, "SMTPLast", "off")


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body
