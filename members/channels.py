"""How a member can be reached, and what they have refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from members.models import Identity, Message

SERVICE = "service"  # the purpose of messages about one's own points and membership; sent unless refused

# The key share keeps an erasure waiting until what was written for the member is there to be erased.
RECIPIENTS = """
SELECT p.member_id, p.name, p.language,
       EXISTS (SELECT FROM members_identity i
                WHERE i.member_id = p.member_id AND i.kind = %s AND i.retired_at IS NULL)
       AND coalesce((SELECT c.given FROM members_consent c
                      WHERE c.member_id = p.member_id AND c.purpose = %s AND c.channel = %s
                      ORDER BY c.at DESC LIMIT 1), true)
  FROM members_profile p JOIN members_member m ON m.id = p.member_id
 WHERE p.member_id = ANY(%s) AND m.status = 'active'
 ORDER BY p.member_id
   FOR KEY SHARE OF p
"""

# What makes a name a bait: whoever enrols a stranger's address must not be able to write them a letter.
NOT_A_NAME = re.compile(r"[/@\\<>]|\w\w\.\w\w|\d{5}")
LONGEST_NAME = 60


@dataclass(frozen=True)
class Recipient:
    """An active member as a reader of messages."""

    member: UUID
    name: str  # fit for a greeting, or empty
    language: str  # BCP 47; empty = the programme's
    takes_email: bool


def recipients(members: Iterable[UUID]) -> dict[UUID, Recipient]:
    """The active ones of these members, for service messages; in one statement, inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(RECIPIENTS, [Identity.Kind.EMAIL, SERVICE, Message.Channel.EMAIL, sorted(set(members))])
        return {
            member: Recipient(member, greeting_name(name), language, takes_email)
            for member, name, language, takes_email in cursor.fetchall()
        }


def greeting_name(name: str) -> str:
    """The name on one line; empty where it is too long or carries more than a name."""
    name = " ".join(name.split())
    return "" if len(name) > LONGEST_NAME or NOT_A_NAME.search(name) else name


def address_of(message: Message) -> str:
    """The address an e-mail is meant for, else the member's present one; empty if there is none now."""
    if message.identity is not None:
        return message.identity.value
    return email_address(message.member_id)


def email_address(member: UUID) -> str:
    """The address of an active member who has not refused e-mail; empty if there is none now."""
    if not recipients([member]).get(member, Recipient(member, "", "", takes_email=False)).takes_email:
        return ""
    addresses = Identity.objects.filter(member=member, kind=Identity.Kind.EMAIL, retired_at=None)
    return addresses.order_by("created_at", "id").values_list("value", flat=True).first() or ""
