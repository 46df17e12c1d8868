"""The tables of members."""

from .activity import Activity, Sale, SaleLine
from .members import Consent, Identity, Member, Profile
from .messages import Message
from .reconciliation import Difference, ReconciledDay, Reconciliation
from .referrals import Referral, ReferralCode
from .reinstatements import Reinstatement
from .signin import SignInCode
from .terms import Terms, TermsAcceptance
from .tiers import TierChange, TierStanding
from .transfers import Transfer

__all__ = [
    "Activity",
    "Consent",
    "Difference",
    "Identity",
    "Member",
    "Message",
    "Profile",
    "ReconciledDay",
    "Reconciliation",
    "Referral",
    "ReferralCode",
    "Reinstatement",
    "Sale",
    "SaleLine",
    "SignInCode",
    "Terms",
    "TermsAcceptance",
    "TierChange",
    "TierStanding",
    "Transfer",
]
