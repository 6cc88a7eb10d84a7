"""Autodiscover for ActiveSync: where phones synchronise ([MS-ASCMD] section 2.2.1.1).

The question is Outlook's with another schema, and so are the refusals. The answer names our host
and the address that was asked for, existing or not: a stranger learns nothing from it, so a client
gets it with its user's password or without.
"""

from xml.etree import ElementTree as ET

SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
CULTURES = {"it": "it:it", "en": "en:us"}


def document(url: str, address: str, language: str) -> bytes:
    """Return that *address* synchronises at *url*; the elements stand in the schema's order."""
    root = ET.Element("Autodiscover", xmlns=RESPONSE)
    response = ET.SubElement(root, "Response", xmlns=SCHEMA)
    ET.SubElement(response, "Culture").text = CULTURES[language]
    user = ET.SubElement(response, "User")
    ET.SubElement(user, "DisplayName").text = address
    ET.SubElement(user, "EMailAddress").text = address
    settings = ET.SubElement(ET.SubElement(response, "Action"), "Settings")
    server = ET.SubElement(settings, "Server")
    ET.SubElement(server, "Type").text = "MobileSync"
    ET.SubElement(server, "Url").text = url
    ET.SubElement(server, "Name").text = url
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body
