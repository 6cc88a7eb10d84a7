"""Configuration profiles for iPhone, iPad and Mac: mail, calendars and contacts in one file.

Apple's "Configuration Profile Reference". The profile holds no password: the device asks for it.
"""

import plistlib
import uuid

from fermoposta.clientconfig.facts import Security, Site

# Apple replaces a profile by one with the same UUIDs, so they must stay: never change this.
_NAMESPACE = uuid.UUID("0d8b9f0c-7f0e-5a2b-9a4c-4f9e3c1b6a57")


def document(site: Site, address: str) -> bytes:
    """Return the profile for *address*; the same address always gives the same bytes."""
    imap, smtp = site.imap[0], site.submission[0]
    title = f"{site.organisation}: {address}"
    mail = {
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": title,
        "EmailAddress": address,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": site.host,
        "IncomingMailServerPortNumber": imap.port,
        "IncomingMailServerUseSSL": imap.security is Security.TLS,
        "IncomingMailServerUsername": address,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": site.host,
        "OutgoingMailServerPortNumber": smtp.port,
        "OutgoingMailServerUseSSL": True,  # also means STARTTLS, by the port
        "OutgoingMailServerUsername": address,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    content = [
        _payload(site, address, "com.apple.mail.managed", "mail", mail),
        *(
            _payload(site, address, f"com.apple.{name.lower()}.account", name.lower(), dav)
            for name in ("CalDAV", "CardDAV")
            for dav in [_dav(site, address, name, title)]
        ),
    ]
    profile = {
        **_payload(site, address, "Configuration", "profile", {}),
        "PayloadDisplayName": title,
        "PayloadOrganization": site.organisation,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": content,
    }
    return plistlib.dumps(profile, sort_keys=True)


def _dav(site: Site, address: str, name: str, title: str) -> dict[str, object]:
    return {
        f"{name}AccountDescription": title,
        f"{name}HostName": site.host,
        f"{name}Port": site.dav_port,
        f"{name}PrincipalURL": site.dav_path(address),
        f"{name}UseSSL": True,
        f"{name}Username": address,
    }


def _payload(
    site: Site, address: str, kind: str, name: str, content: dict[str, object]
) -> dict[str, object]:
    identity = uuid.uuid5(_NAMESPACE, f"{site.host}/{address}/{name}")
    reverse = ".".join(reversed(site.host.split(".")))
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{reverse}.{name}.{identity}",
        "PayloadUUID": str(identity).upper(),
        **content,
    }
