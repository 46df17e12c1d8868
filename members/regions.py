"""In which country a phone number without a country code is dialled."""

from loyalty.policies import Policies

# The country of a currency that has one country. The euro's is the programme's time zone's.
_OF_CURRENCY = {
    "AED": "AE", "ARS": "AR", "AUD": "AU", "BHD": "BH", "BRL": "BR", "CAD": "CA", "CHF": "CH", "CLP": "CL",
    "CNY": "CN", "COP": "CO", "CZK": "CZ", "DKK": "DK", "EGP": "EG", "GBP": "GB", "HKD": "HK", "HUF": "HU",
    "IDR": "ID", "ILS": "IL", "INR": "IN", "ISK": "IS", "JOD": "JO", "JPY": "JP", "KES": "KE", "KRW": "KR",
    "KWD": "KW", "MXN": "MX", "MYR": "MY", "NGN": "NG", "NOK": "NO", "NZD": "NZ", "OMR": "OM", "PEN": "PE",
    "PHP": "PH", "PKR": "PK", "PLN": "PL", "QAR": "QA", "RON": "RO", "SAR": "SA", "SEK": "SE", "SGD": "SG",
    "THB": "TH", "TND": "TN", "TRY": "TR", "TWD": "TW", "UAH": "UA", "USD": "US", "VND": "VN", "ZAR": "ZA",
}  # fmt: skip
_OF_ZONE = {
    "Europe/Amsterdam": "NL", "Europe/Athens": "GR", "Europe/Berlin": "DE", "Europe/Bratislava": "SK",
    "Europe/Brussels": "BE", "Europe/Dublin": "IE", "Europe/Helsinki": "FI", "Europe/Lisbon": "PT",
    "Europe/Ljubljana": "SI", "Europe/Luxembourg": "LU", "Europe/Madrid": "ES", "Europe/Malta": "MT",
    "Europe/Paris": "FR", "Europe/Riga": "LV", "Europe/Rome": "IT", "Europe/Sofia": "BG",
    "Europe/Tallinn": "EE", "Europe/Vienna": "AT", "Europe/Vilnius": "LT", "Europe/Zagreb": "HR", "Asia/Nicosia": "CY",
}  # fmt: skip


def of(policies: Policies) -> str | None:
    """The programme's country as ISO 3166-1 alpha-2: `settings.region`, else from its time zone or currency.

    None where neither says; then phone numbers need their country code.
    """
    settings = policies.document.get("settings", {})
    given = settings.get("region")
    if given:
        return str(given).upper()
    return _OF_ZONE.get(policies.zone.key) or _OF_CURRENCY.get(policies.currency)
