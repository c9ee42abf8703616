"""One e-mail by SMTP. Blocking."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Final

from datafly.management.settings import SmtpSettings

_TIMEOUT_SECONDS: Final = 15.0


class MailFailure(Exception):
    """The mail server did not take it; the words say why."""


def send_mail(smtp: SmtpSettings, to: Sequence[str], subject: str, text: str, message_id: str) -> None:
    """Raises `MailFailure`. `message_id` is the same for every try, so that a mailbox knows a repetition."""
    mail = EmailMessage()
    mail["From"], mail["To"] = smtp.sender, ", ".join(to)
    mail["Subject"] = " ".join(subject.split())
    mail["Message-ID"] = f"<{message_id}@{smtp.sender.rpartition('@')[2].rstrip('>') or 'signal'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    try:
        with _connected(smtp) as server:
            if smtp.user:
                server.login(smtp.user, smtp.password.reveal() if smtp.password else "")
            server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode("utf-8", "replace")
        raise MailFailure(f"The mail server answered {error.smtp_code}: {said[:200]}") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailFailure(f"The mail server {smtp.host}:{smtp.port} cannot be used: {error}") from error


def _connected(smtp: SmtpSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=_TIMEOUT_SECONDS)
    if smtp.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server
