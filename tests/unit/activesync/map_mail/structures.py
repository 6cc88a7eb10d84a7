"""Structures as an IMAP client gives them, for tests."""


def leaf(type_, subtype, *, params=None, id_=None, encoding="7bit", size=10, disposition=None):
    """A part with one body; *disposition* as (name, filename)."""
    said = disposition and (
        disposition[0],
        ("filename", disposition[1]) if disposition[1] else None,
    )
    lines = (1,) if type_ == "text" else ()
    return (type_, subtype, params, id_, None, encoding, size, *lines, None, said, None, None)


def multi(subtype, *parts, params=None):
    return (*parts, subtype, params, None, None, None)


PLAIN = leaf("text", "plain", params=("charset", "utf-8"), encoding="quoted-printable", size=100)
HTML = leaf("text", "html", params=("charset", "utf-8"), size=200)
INVITATION = leaf("text", "calendar", params=("method", "REQUEST"), size=300)
PDF = leaf("application", "pdf", encoding="base64", size=780, disposition=("attachment", "a.pdf"))
PICTURE = leaf("image", "png", id_="<logo@x>", encoding="base64", size=78)
MAIL = (
    "message", "rfc822", None, None, None, "7bit", 900,
    ("Mon", "=?utf-8?Q?=C3=84pfel?=: a/b", None, None, None, None, None, None, None, None),
    multi("alternative", PLAIN, HTML), 12, None, None, None, None,
)  # fmt: skip
