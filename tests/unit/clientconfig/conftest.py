import pytest

from fermoposta.clientconfig.facts import Site, site_of
from fermoposta.service.settings import Settings


@pytest.fixture
def site() -> Site:
    return site_of(Settings(host="mail.example.org", portal_host="portal.example.org"))
