"""Set-up instructions that a person can follow: one guide for each client, in Italian and English.

Every guide names the one host, the whole address as user name, the ports with their encryption, and
recommends encryption in so many words.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fermoposta.clientconfig.facts import Endpoint, Site

LANGUAGES = ("it", "en")


@dataclass(frozen=True, slots=True)
class Guide:
    """What to do in one client; *steps* are sentences in the order of doing."""

    slug: str
    title: str
    steps: tuple[str, ...]
    advice: str


_Author = Callable[[Site, str], tuple[Guide, ...]]


def guides(site: Site, address: str, language: str) -> tuple[Guide, ...]:
    """Return the guides for *address* in *language* (it or en; KeyError for any other)."""
    return _AUTHORS[language](site, address)


def _ports(endpoints: tuple[Endpoint, ...], joiner: str) -> str:
    """Say ports and their encryption: ``993 (SSL/TLS) o 143 (STARTTLS)``."""
    return f" {joiner} ".join(f"{e.port} ({e.security})" for e in endpoints)


def _italian(site: Site, address: str) -> tuple[Guide, ...]:
    host = site.host
    imap, smtp = _ports(site.imap, "o"), _ports(site.submission, "o")
    first, out = site.imap[0], site.submission[0]
    advice = (
        "Consigliamo di usare sempre la crittografia (SSL/TLS o STARTTLS): senza, la password "
        "viaggerebbe in chiaro. Se il programma propone «Automatico», va bene."
    )
    user = f"Nome utente: l'indirizzo completo, {address}, per la posta in arrivo e in uscita."
    incoming = f"Server in arrivo IMAP: {host}, porta {imap}."
    outgoing = f"Server in uscita SMTP: {host}, porta {smtp}, con autenticazione."
    pop = (
        f"Se preferite POP3: {host}, porta {_ports(site.pop3, 'o')}. POP3 scarica solo la posta in "
        "arrivo."
        if site.pop3
        else ""
    )
    manual = tuple(filter(None, (incoming, pop, outgoing, user)))
    return (
        Guide(
            "thunderbird",
            "Mozilla Thunderbird",
            (
                "Scegliete Nuovo > Account di posta esistente.",
                (
                    f"Scrivete il vostro nome, l'indirizzo {address} e la password, poi Continua: "
                    "Thunderbird trova da solo le impostazioni."
                ),
                "Se non le trova, scegliete Configura manualmente e usate i valori che seguono.",
                *manual,
            ),
            advice,
        ),
        Guide(
            "apple-mail",
            "Apple Mail (Mac)",
            (
                (
                    "Aprite il profilo di configurazione in questa pagina e confermatelo in "
                    "Impostazioni di Sistema: imposta posta, calendari e contatti."
                ),
                (
                    "A mano: Mail > Aggiungi account > Altro account Mail, con nome, indirizzo e "
                    "password. La descrizione è facoltativa."
                ),
                *manual,
                "Per la posta in uscita attivate «Usa solo questo server» e «Usa autenticazione».",
                "Bozze, Inviata e Cestino vengono riconosciuti da soli.",
            ),
            advice,
        ),
        Guide(
            "outlook",
            "Outlook (IMAP o POP3)",
            (
                (
                    "Scegliete File > Aggiungi account, scrivete l'indirizzo, aprite le opzioni "
                    "avanzate per configurare l'account manualmente."
                ),
                "Scegliete IMAP (consigliato) o POP3.",
                *manual,
                (
                    "Attivate «Il server in uscita richiede l'autenticazione», con le stesse "
                    "credenziali della posta in arrivo."
                ),
                "Alla fine Outlook prova il collegamento e dice se è riuscito.",
            ),
            advice,
        ),
        Guide(
            "phone",
            "Telefoni e tablet",
            (
                (
                    "iPhone e iPad: aprite il profilo di configurazione in questa pagina, poi "
                    "Impostazioni > Profilo scaricato > Installa."
                ),
                f"Android: Impostazioni > Account > Aggiungi > Posta (IMAP), indirizzo {address}.",
                f"Server in arrivo: {host}, porta {first.port}, {first.security}.",
                f"Server in uscita: {host}, porta {out.port}, {out.security}, con autenticazione.",
                f"Nome utente: l'indirizzo completo, {address}; il campo dominio resta vuoto.",
            ),
            advice,
        ),
    )


def _english(site: Site, address: str) -> tuple[Guide, ...]:
    host = site.host
    imap, smtp = _ports(site.imap, "or"), _ports(site.submission, "or")
    first, out = site.imap[0], site.submission[0]
    advice = (
        "We recommend always to use encryption (SSL/TLS or STARTTLS): without it your password "
        "would travel in the clear. Where the program offers “Automatic”, that is fine."
    )
    user = f"User name: the whole address, {address}, for incoming and outgoing mail."
    incoming = f"Incoming server, IMAP: {host}, port {imap}."
    outgoing = f"Outgoing server, SMTP: {host}, port {smtp}, with authentication."
    pop = (
        f"If you prefer POP3: {host}, port {_ports(site.pop3, 'or')}. POP3 fetches the inbox only."
        if site.pop3
        else ""
    )
    manual = tuple(filter(None, (incoming, pop, outgoing, user)))
    return (
        Guide(
            "thunderbird",
            "Mozilla Thunderbird",
            (
                "Choose New > Existing Mail Account.",
                (
                    f"Type your name, the address {address} and the password, then Continue: "
                    "Thunderbird finds the settings by itself."
                ),
                "If it does not, choose Configure manually and use the values below.",
                *manual,
            ),
            advice,
        ),
        Guide(
            "apple-mail",
            "Apple Mail (Mac)",
            (
                (
                    "Open the configuration profile that this page offers and confirm it in System "
                    "Settings: it sets up mail, calendars and contacts."
                ),
                (
                    "By hand: Mail > Add Account > Other Mail Account: name, address, password. "
                    "The description is optional."
                ),
                *manual,
                "For outgoing mail turn on “Use only this server” and “Use authentication”.",
                "Drafts, Sent and Trash are recognised by themselves.",
            ),
            advice,
        ),
        Guide(
            "outlook",
            "Outlook (IMAP or POP3)",
            (
                (
                    "Choose File > Add Account, type the address, open the advanced options to set "
                    "up the account manually."
                ),
                "Choose IMAP (recommended) or POP3.",
                *manual,
                (
                    "Turn on “My outgoing server requires authentication”: the same credentials as "
                    "for incoming mail."
                ),
                "At the end Outlook tests the connection and says whether it succeeded.",
            ),
            advice,
        ),
        Guide(
            "phone",
            "Phones and tablets",
            (
                (
                    "iPhone and iPad: open the configuration profile on this page, then "
                    "Settings > Profile Downloaded > Install."
                ),
                f"Android: Settings > Accounts > Add > Personal (IMAP), address {address}.",
                f"Incoming server: {host}, port {first.port}, {first.security}.",
                f"Outgoing server: {host}, port {out.port}, {out.security}, with authentication.",
                f"User name: the whole address, {address}; leave the domain field blank.",
            ),
            advice,
        ),
    )


_AUTHORS: dict[str, _Author] = {"it": _italian, "en": _english}
