"""Autoconfig, as Thunderbird and its kin read it (Mozilla's config file format 1.1).

https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
"""

from xml.etree import ElementTree as ET

from fermoposta.clientconfig.facts import Endpoint, Security, Site

_SOCKET = {Security.TLS: "SSL", Security.STARTTLS: "STARTTLS"}


def document(site: Site, domain: str) -> bytes:
    """Return the configuration of *domain*; the client fills in the address itself."""
    root = ET.Element("clientConfig", version="1.1")
    provider = ET.SubElement(root, "emailProvider", id=domain)
    _text(provider, "domain", domain)
    _text(provider, "displayName", site.organisation)
    _text(provider, "displayShortName", site.organisation)
    for endpoint in (*site.imap, *site.pop3):
        _server(provider, "incomingServer", endpoint, site.host)
    for endpoint in site.submission:
        _server(provider, "outgoingServer", endpoint, site.host)
    for kind, tag in (("addressBook", "carddav"), ("calendar", "caldav")):
        dav = ET.SubElement(root, kind, type=tag)
        _text(dav, "username", "%EMAILADDRESS%")
        _text(dav, "authentication", "http-basic")
        _text(dav, "serverURL", f"https://{site.host}{site.dav_path('%EMAILADDRESS%')}")
    webmail = ET.SubElement(root, "webMail")
    ET.SubElement(webmail, "loginPage", url=site.webmail_url)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _server(provider: ET.Element, tag: str, endpoint: Endpoint, host: str) -> None:
    server = ET.SubElement(provider, tag, type=endpoint.protocol)
    _text(server, "hostname", host)
    _text(server, "port", str(endpoint.port))
    _text(server, "socketType", _SOCKET[endpoint.security])
    _text(server, "authentication", "password-cleartext")  # within TLS; no scheme keeps clear text
    _text(server, "username", "%EMAILADDRESS%")


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text
