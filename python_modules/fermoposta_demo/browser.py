"""Debian's Chromium without a screen: it finds the appliance by name and trusts its key only."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from selenium import webdriver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

    from fermoposta_demo.appliance import Appliance

DRIVER = "/usr/bin/chromedriver"
NAMES = "*.example.org"


@contextmanager
def chromium(
    appliance: Appliance, *, language: str = "it", width: int = 1400, height: int = 900
) -> Iterator[WebDriver]:
    """Run Chromium with an empty profile until the block ends.

    Raises ssl.SSLError where the certificate does not belong to the appliance's authority.
    """
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        options = webdriver.ChromeOptions()
        for argument in (
            "headless=new",
            "no-sandbox",  # as root there is none
            "disable-dev-shm-usage",
            "disable-gpu",
            f"lang={language}",
            f"window-size={width},{height}",
            f"user-data-dir={profile}",
            f"host-resolver-rules={resolver_rules(appliance)}",
            f"ignore-certificate-errors-spki-list={key_pin(appliance)}",
        ):
            options.add_argument(f"--{argument}")
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        service = webdriver.ChromeService(DRIVER, env=os.environ | {"LANGUAGE": language})
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_page_load_timeout(60)
            yield driver
        finally:
            driver.quit()


def resolver_rules(appliance: Appliance) -> str:
    """Say where the appliance's names are; a link without a port means the published one, too."""
    published = f"{appliance.host}:{appliance.ports['https']}"
    return f"MAP {NAMES}:443 {published}, MAP {NAMES} {appliance.host}"


def key_pin(appliance: Appliance) -> str:
    """Return the pin of the web server's key (RFC 7469, section 2.4), its certificate checked."""
    name = appliance.urls["webmail"].split("/")[2].partition(":")[0]
    context = ssl.create_default_context(cafile=appliance.ca_file)
    with (
        socket.create_connection((appliance.host, appliance.ports["https"]), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        certificate = secure.getpeercert(binary_form=True)
    if certificate is None:
        raise ssl.SSLError(f"{name} showed no certificate")
    key = x509.load_der_x509_certificate(certificate).public_key()
    info = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(info).digest()).decode()
