"""The doors for programs: autoconfig, autodiscover, Apple profiles, MTA-STS.

The answers depend on the domain alone; whether an address exists is not looked up.
"""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fermoposta.clientconfig import apple, mobilesync, mta_sts, outlook, thunderbird
from fermoposta.clientconfig.facts import domain_of, normalised_address, normalised_domain
from fermoposta.portal.web import body_of, portal_of

_XML = "text/xml; charset=utf-8"


async def autoconfig(request: Request) -> Response:
    """Answer Thunderbird, which names an address, or just asks at ``autoconfig.<domain>``."""
    address = request.query_params.get("emailaddress", "")
    named = domain_of(address) if address else _behind(request, "autoconfig.")
    domain = await _ours(request, named)
    return Response(thunderbird.document(portal_of(request).site, domain), media_type=_XML)


async def autodiscover(request: Request) -> Response:
    """Answer Outlook and phones; what can't be told is told with status 200."""
    portal = portal_of(request)
    body = await body_of(request, outlook.LARGEST_REQUEST)
    try:
        asked = outlook.parse(body)
    except outlook.RequestError as error:
        return Response(outlook.refusal(error.code, portal.clock()), media_type=_XML)
    address, domain = normalised_address(asked.address), domain_of(asked.address)
    if not address or not domain or not await run_in_threadpool(portal.store.hosts, domain):
        refusal = outlook.refusal(outlook.UNKNOWN_ADDRESS, portal.clock())
        return Response(refusal, media_type=_XML)
    if asked.schema == mobilesync.SCHEMA:
        # Of single users who have moved a stranger hears nothing: the gateway tells themselves.
        url = portal.settings.eas_moved.get(domain, portal.site.activesync_url)
        phones = mobilesync.document(url, address, portal.settings.language)
        return Response(phones, media_type=_XML)
    return Response(outlook.document(portal.site, address), media_type=_XML)


async def autodiscover_json(request: Request) -> Response:
    """Tell Outlook where the XML is, and phones where they synchronise."""
    protocol = request.query_params.get("Protocol", "")
    status, answer = outlook.json_answer(portal_of(request).site, protocol)
    return JSONResponse(answer, status)


async def mobileconfig(request: Request) -> Response:
    """Give the profile for the address that was asked for, existing or not."""
    address = normalised_address(request.query_params.get("address", ""))
    if address is None:
        raise HTTPException(400)
    await _ours(request, domain_of(address))
    return Response(
        apple.document(portal_of(request).site, address),
        media_type="application/x-apple-aspen-config",
        headers={"content-disposition": 'attachment; filename="mail.mobileconfig"'},
    )


async def mta_sts_policy(request: Request) -> Response:
    """Give the policy of the domain behind ``mta-sts.``; any other host has none."""
    await _ours(request, _behind(request, "mta-sts."))
    settings = portal_of(request).settings
    policy = mta_sts.document(settings.host, settings.mta_sts_mode, settings.mta_sts_max_age)
    return Response(policy, media_type="text/plain")


def _behind(request: Request, prefix: str) -> str | None:
    """Return the domain behind *prefix* in the host name that was asked."""
    host = (request.url.hostname or "").lower()
    return normalised_domain(host.removeprefix(prefix)) if host.startswith(prefix) else None


async def _ours(request: Request, domain: str | None) -> str:
    """Return *domain* if it is one of ours; raise HTTPException otherwise."""
    if domain is None or not await run_in_threadpool(portal_of(request).store.hosts, domain):
        raise HTTPException(404)
    return domain


ROUTES = [
    Route("/mail/config-v1.1.xml", autoconfig),
    Route("/.well-known/autoconfig/mail/config-v1.1.xml", autoconfig),
    Route("/autodiscover/autodiscover.xml", autodiscover, methods=["POST"]),
    Route("/autodiscover/autodiscover.json", autodiscover_json),
    Route("/autodiscover/autodiscover.json/v1.0/{address}", autodiscover_json),
    Route("/.well-known/mta-sts.txt", mta_sts_policy),
    Route("/clients/mail.mobileconfig", mobileconfig),
]
