"""The policy of RFC 8461."""

from fermoposta.clientconfig import mta_sts


def test_the_policy_is_as_section_3_2_has_it() -> None:
    """Pairs in lines that end in CRLF, the version first."""
    assert mta_sts.document("mail.example.org", "enforce", 604800) == (
        b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmax_age: 604800\r\n"
    )
