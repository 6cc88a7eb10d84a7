# ruff: noqa: E501 - prose
"""What the invented company writes about, in Italian and in English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["pdf", "docx", "xlsx", "png", "none"]


@dataclass(frozen=True, slots=True)
class Topic:
    """A thread: its subject, what the first message says, and the answers in turn."""

    subject: str
    opening: str
    answers: tuple[str, ...]
    attachment: Kind = "none"
    file: str = ""


@dataclass(frozen=True, slots=True)
class Tongue:
    """The topics of one language, and the words around them."""

    greeting: str
    closing: str
    quoted: str
    topics: tuple[Topic, ...]


ITALIAN = Tongue(
    greeting="Ciao {name},",
    closing="A presto,\n{name}",
    quoted="Il {date} {name} ha scritto:",
    topics=(
        Topic(
            "Preventivo per la fornitura n. {n}",
            "in allegato il preventivo aggiornato. Lo sconto del 5% vale fino a fine mese; i tempi di consegna "
            "restano di dieci giorni lavorativi.",
            (
                "grazie, lo giro in amministrazione. Possiamo avere il pagamento a 60 giorni?",
                "a 60 giorni va bene. Aggiorno il documento e te lo rimando entro domani.",
            ),
            "pdf",
            "Preventivo {n}.pdf",
        ),
        Topic(
            "Riunione di avanzamento, settimana {n}",
            "proporrei giovedì alle 10 in sala Galileo. All'ordine del giorno: consegne, personale, varie ed "
            "eventuali. Vi va bene?",
            ("per me va bene.", "io arrivo alle 10:15, cominciate pure senza di me."),
        ),
        Topic(
            "Fattura {n}/2026",
            "ti mando la fattura del mese con il riepilogo delle ore. Se qualcosa non torna, fammi sapere prima "
            "della liquidazione IVA.",
            ("ricevuta, è a posto. La registro oggi.",),
            "pdf",
            "Fattura {n}-2026.pdf",
        ),
        Topic(
            "Verbale dell'assemblea n. {n}",
            "ecco la bozza del verbale. Le correzioni entro venerdì, per favore: poi va in firma.",
            ("al punto 3 manca la data della delibera, il resto è perfetto.",),
            "docx",
            "Verbale {n}.docx",
        ),
        Topic(
            "Ferie: conferma delle date (richiesta {n})",
            "vorrei prendere dal 10 al 21. Ho già sentito i colleghi e siamo coperti.",
            ("approvate. Buon riposo!",),
        ),
        Topic(
            "Foto del cantiere, lotto {n}",
            "queste sono le foto di stamattina: la parete nord è finita, l'impianto arriva lunedì.",
            ("bel lavoro! Le mostro al cliente nel pomeriggio.",),
            "png",
            "cantiere-{n}.png",
        ),
        Topic(
            "Dati di vendita, trimestre {n}",
            "nel foglio trovi le vendite per regione; perché il Nord-Est cresce lo spiego nella seconda colonna.",
            (
                "molto chiaro. Li metto nella presentazione per la direzione.",
                "ottimo, grazie a tutti e due.",
            ),
            "xlsx",
            "Vendite Q{n}.xlsx",
        ),
    ),
)

ENGLISH = Tongue(
    greeting="Hi {name},",
    closing="Best wishes,\n{name}",
    quoted="On {date} {name} wrote:",
    topics=(
        Topic(
            "Contract draft {n}",
            "please find the draft attached. Clauses 4 and 7 are new; everything else is as we agreed in May.",
            (
                "thanks. Clause 7 needs a cap on liability, otherwise it is fine with me.",
                "cap added. I will send the final version for signature.",
            ),
            "docx",
            "Contract draft {n}.docx",
        ),
        Topic(
            "Release {n}: what is left to do",
            "three items are open: the release notes, the load test, and the fix for long subjects. Shall we cut "
            "on Wednesday?",
            (
                "Wednesday works. I will take the load test.",
                "the notes are done, have a look when you can.",
            ),
        ),
        Topic(
            "Travel to Trieste, booking {n}",
            "the train leaves at 8:35 and the hotel is a short walk from the station. Tickets are attached.",
            ("great, see you on the platform.",),
            "pdf",
            "Tickets {n}.pdf",
        ),
        Topic(
            "Lunch on Friday? ({n})",
            "the new place round the corner has outdoor tables. Half past twelve?",
            ("count me in!",),
        ),
        Topic(
            "Budget {n}",
            "the sheet has the numbers per department. Travel is down, training is up, the total is unchanged.",
            ("approved. Please send it to the board.",),
            "xlsx",
            "Budget {n}.xlsx",
        ),
        Topic(
            "Logo proposal {n}",
            "here is the second round: warmer colours, same shape. Which one do you prefer?",
            ("the left one, without doubt.", "I agree, left it is."),
            "png",
            "logo-{n}.png",
        ),
    ),
)

EVENTS = (
    ("Riunione di redazione", "Sala Galileo", 9, 60, "FREQ=WEEKLY;BYDAY=MO"),
    ("Stand-up", "Online", 9, 15, "FREQ=DAILY;COUNT=40"),
    ("Pranzo con il cliente", "Trattoria al Ponte", 12, 90, ""),
    ("Budget review", "Room Copernicus", 15, 60, "FREQ=MONTHLY"),
    ("Visita in cantiere", "Lotto 7", 8, 180, ""),
    ("Dentist", "", 17, 45, ""),
    ("Scadenza IVA", "", 10, 30, "FREQ=MONTHLY;INTERVAL=3"),
    ("Interview: back-end developer", "Room Kepler", 14, 60, ""),
)

CONTACTS = (
    ("Lucia", "Ferri", "Ferri Costruzioni", "lucia.ferri@partners.example", "+39 040 5550101"),
    ("Marco", "Basile", "Studio Basile", "marco.basile@partners.example", "+39 02 5550102"),
    ("Hannah", "Weiss", "Weiss Logistik", "hannah.weiss@partners.example", "+49 30 5550103"),
    ("Tom", "Okafor", "Okafor Design", "tom.okafor@partners.example", "+44 20 5550104"),
    ("Giulia", "Conti", "Tipografia Conti", "giulia.conti@partners.example", "+39 011 5550105"),
    ("Pierre", "Lambert", "Lambert Conseil", "pierre.lambert@partners.example", "+33 1 5550106"),
    ("Sara", "De Luca", "Comune di Trieste", "sara.deluca@partners.example", "+39 040 5550107"),
    ("Ivan", "Horvat", "Horvat Transporti", "ivan.horvat@partners.example", "+385 1 5550108"),
    (
        "Elena",
        "Marchetti",
        "Banca del Golfo",
        "elena.marchetti@partners.example",
        "+39 081 5550109",
    ),
    (
        "James",
        "Whitfield",
        "Whitfield & Sons",
        "james.whitfield@partners.example",
        "+44 161 5550110",
    ),
    ("Chiara", "Rinaldi", "Rinaldi Avvocati", "chiara.rinaldi@partners.example", "+39 06 5550111"),
    ("Noor", "Haddad", "Haddad Trading", "noor.haddad@partners.example", "+971 4 5550112"),
)
