"""What a rule is called: by members, who never read a code, and by staff; rules of former versions, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from loyalty.models import Programme
from loyalty.policies import Policies, localised


@dataclass(frozen=True)
class Known:
    """A rule as the newest version that had it knew it; texts as in the file."""

    code: str
    name: Any
    campaign: str  # its code; "" for a rule of its own
    campaign_name: Any
    version: int

    def named(self, language: str) -> str:
        """Its name, else its campaign's; "" where neither has one."""
        return localised(self.name, language) or localised(self.campaign_name, language)


def known(programme: Policies) -> Mapping[str, Known]:
    """Every rule of any version up to `programme`, by code; read once for each version and process."""
    return programme.compiled(_known)


def for_members(code: str, programme: Policies, language: str) -> str:
    """What members call it: the name of the rule or of its campaign in their language, never a code."""
    found = known(programme).get(code)
    name = found.named(language) if found else ""
    if name:
        return name
    with translation.override(language):
        return _("one of our offers")


def for_staff(code: str, programme: Policies, language: str) -> str:
    """The name with the code; the code alone where it has none."""
    found = known(programme).get(code)
    name = found.named(language) if found else ""
    if not name:
        return code
    with translation.override(language):
        return _("%(name)s (%(code)s)") % {"name": name, "code": code}


def _known(programme: Policies) -> dict[str, Known]:
    found: dict[str, Known] = {}
    earlier = Programme.objects.filter(version__lt=programme.version).order_by("-version")
    documents = [(programme.version, programme.document), *earlier.values_list("version", "document")]
    for version, document in documents:
        for rule in _rules(document, version):
            found.setdefault(rule.code, rule)
    return found


def _rules(document: Mapping[str, Any], version: int) -> Iterator[Known]:
    for rule in document.get("rules", ()):
        yield Known(str(rule["code"]), rule.get("name"), "", None, version)
    for campaign in document.get("campaigns", ()):
        for rule in campaign.get("rules", ()):
            code, name = str(rule["code"]), rule.get("name")
            yield Known(code, name, str(campaign["code"]), campaign.get("name"), version)
