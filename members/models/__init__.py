"""The tables of members."""

from .activity import Sale, SaleLine
from .members import Consent, Identity, Member, Profile
from .messages import Message
from .signin import SignInCode
from .terms import Terms, TermsAcceptance
from .tiers import TierChange, TierStanding

__all__ = [
    "Consent",
    "Identity",
    "Member",
    "Message",
    "Profile",
    "Sale",
    "SaleLine",
    "SignInCode",
    "Terms",
    "TermsAcceptance",
    "TierChange",
    "TierStanding",
]
