"""Mail: rendering, delivery by SMTP or to files, and which addresses are accepted."""

from attendance.adapters.mail.addresses import ValidEmailAddresses
from attendance.adapters.mail.delivery import Dispatcher
from attendance.adapters.mail.files import FileNotifier
from attendance.adapters.mail.rendering import MailRenderer
from attendance.adapters.mail.smtp import SmtpNotifier

__all__ = ["Dispatcher", "FileNotifier", "MailRenderer", "SmtpNotifier", "ValidEmailAddresses"]
