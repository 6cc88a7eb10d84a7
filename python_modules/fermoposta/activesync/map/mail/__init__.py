"""
Mail as ActiveSync says it (MS-ASEMAIL, MS-ASAIRS): what IMAP tells of a mail in, elements out.

IMAP gives the envelope and the structure; the body is the one part that was chosen, decoded by the
server (BINARY, RFC 3516). No mail is parsed whole.
"""
