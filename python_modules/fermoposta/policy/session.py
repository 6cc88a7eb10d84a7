"""One connection of the milter protocol: commands in, letters out, and the answers to them."""

from fermoposta.policy import milter
from fermoposta.policy.message import HEADERS_MAX, Changes, Letter, Recipient, Rejected
from fermoposta.policy.origin import without_route


class Session:
    """Gathers what Postfix tells of a message; a connection may bring several."""

    def __init__(self, *, host: bool) -> None:
        self._host = host
        self._client = ""
        self._letter = Letter(host=host)
        self._login = ""

    def take(self, command: milter.Command) -> Letter | None:
        """Take in *command*; return the letter where it is complete with it."""
        letter = self._letter
        match command:
            case milter.Connect(address):
                self._client = address
            case milter.Macros(stage, values):
                self._macros(stage, values.get("i", ""), values.get("auth_authen", ""))
            case milter.Mail(sender):
                self._letter = Letter(
                    host=self._host,
                    client=self._client,
                    login=self._login,
                    envelope=without_route(sender),
                )
            case milter.Recipient(recipient, options):
                letter.recipients.append(Recipient(without_route(recipient), options))
            case milter.Header(name, value) if len(letter.headers) <= HEADERS_MAX:
                letter.headers.append((name, value))
            case milter.Abort():
                self._letter = Letter(host=self._host, client=self._client)
            case milter.EndOfMessage():
                self._letter = Letter(host=self._host, client=self._client)
                return letter
        return None

    def _macros(self, stage: str, queue_id: str, login: str) -> None:
        if stage == "M":  # MAIL: who logged in holds for this message
            self._login = login
        if queue_id:
            self._letter.queue_id = queue_id


def encode(verdict: Changes | Rejected) -> bytes:
    """Return the packets that carry out *verdict*."""
    if isinstance(verdict, Rejected):
        return milter.reply(verdict.code, verdict.text)
    packets = [milter.delete_header(*each) for each in verdict.deleted_headers]
    packets += [milter.add_header(*each) for each in verdict.added_headers]
    packets += [milter.delete_recipient(each) for each in verdict.deleted_recipients]
    packets += [milter.add_recipient(r.written, r.options) for r in verdict.added_recipients]
    if verdict.envelope is not None:
        packets.append(milter.change_sender(verdict.envelope))
    return b"".join((*packets, milter.CONTINUE))
