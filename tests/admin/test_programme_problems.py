"""Problems are said in the words of the form, in the reader's language, at their control and once."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from rewards.models import Draft

from .test_programme_pages import began, fields, marketer, milo, programme  # noqa: F401

NINES = "9" * 30
SOUND = {"window.weekdays": ["2"], "audience.0.op": ["in"], "audience.0.value": ["gold"], "budget.points": ["1000"]}
FILE_WORDS = re.compile(
    r"quote|YAML|\[\d|rules\[|“\w+” is missing|window\.|offset|null|mapping|give a|must be a|引用符"
)
# What is typed; the control; what is said in English and in Japanese.
CASES = {
    "no number": ({"rules.0.factor": "abc"}, "rules.0.factor", "“abc” is not a number.", "「abc」は数ではありません。"),
    "no factor": ({"rules.0.factor": ""}, "rules.0.factor", "Give a number.", "数を入力してください。"),
    "factor too large": (
        {"rules.0.factor": NINES},
        "rules.0.factor",
        "This is too large: 999,999,999 at most.",
        "大きすぎます。999,999,999以下にしてください。",
    ),
    "factor below zero": ({"rules.0.factor": "-2"}, "rules.0.factor", "This is below zero.", "0より小さい数です。"),
    "budget too large": (
        {"budget.points": NINES},
        "budget.points",
        "This is too large: 1,000,000,000,000,000 at most.",
        "大きすぎます。1,000,000,000,000,000以下にしてください。",
    ),
    "budget no number": (
        {"budget.points": "many"},
        "budget.points",
        "“many” is not a number.",
        "「many」は数ではありません。",
    ),
    "budget with decimals": (
        {"budget.points": "1.5"},
        "budget.points",
        "“1.5” is not a whole number: leave out the decimals.",
        "「1.5」は整数ではありません。小数を除いてください。",
    ),
    "money with decimals": (
        {"budget.money": "5.25"},
        "budget.money",
        "“5.25” has decimals: leave them out.",
        "「5.25」には小数があります。小数を除いてください。",
    ),
    "money in words": (
        {"budget.money": "lots"},
        "budget.money",
        "“lots” is not a number.",
        "「lots」は数ではありません。",
    ),
    "percent too large": (
        {"control_percent": "150"},
        "control_percent",
        "This is too large: 100 at most.",
        "大きすぎます。100以下にしてください。",
    ),
    "percent below zero": (
        {"control_percent": "-5"},
        "control_percent",
        "This is too small: 0 at least.",
        "小さすぎます。0以上にしてください。",
    ),
    "no such day": (
        {"window.from": "2026-02-31"},
        "window.from",
        "“2026-02-31” is not a day of the calendar.",
        "「2026-02-31」という日はありません。",
    ),
    "ends before it begins": (
        {"window.from": "2026-12-05", "window.until": "2026-12-01"},
        "window.until",
        "The last day is before the first.",
        "終了日が開始日より前です。",
    ),
    "half of the hours": (
        {"window.hours.0": "10:00", "window.hours.1": ""},
        "window.hours.1",
        "Give both times, or neither.",
        "時刻は両方入力するか、両方空にしてください。",
    ),
    "no time at all": (
        {"window.hours.0": "10:00", "window.hours.1": "10:00"},
        "window.hours.0",
        "Both times are the same: that leaves no time.",
        "開始と終了が同じ時刻で、時間がありません。",
    ),
    "nobody": (
        {"audience.0.value": []},
        "audience.0",
        "Nothing is chosen here: as it is, this reaches nobody.",
        "何も選ばれていません。このままでは対象者がいません。",
    ),
    "a tier that is gone": (
        {"audience.0.value": ["ruby"]},
        "audience.0",
        "“ruby” is not there any more. Choose another, or take it out.",
        "「ruby」はもうありません。別のものを選ぶか、外してください。",
    ),
    "no day of the week": (
        {"window.weekdays": []},
        "window.weekdays",
        "Choose at least one day; all seven mean every day.",
        "曜日を1つ以上選んでください。毎日なら7つとも選びます。",
    ),
    "a limit in words": (
        {"caps.per_day": "few"},
        "caps.per_day",
        "“few” is not a number.",
        "「few」は数ではありません。",
    ),
}


def errors(page) -> list[tuple[str, str]]:
    """The controls with an error, and what is said."""
    text = page.content.decode()
    return [
        (found[1], html.unescape(found[2]))
        for found in re.finditer(r'<span class="error" id="f-([^"]+)-error">(.*?)</span>', text)
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_problem_is_said_once_in_the_reader_s_language(marketer, case):  # noqa: F811
    typed, control, *said = CASES[case]
    address = began(marketer)
    typed = {name: value if isinstance(value, list) else [value] for name, value in typed.items()}
    form = fields(marketer.get(address)) | SOUND | typed
    marketer.post(address, form | {"do": ["save"]})
    review = reverse("admin:draft_review", args=[Draft.objects.get().pk])
    for language, words in zip(("en", "ja"), said, strict=True):
        for page in (
            marketer.get(address, headers={"accept-language": language}),
            marketer.post(address, form | {"do": ["look"]}, headers={"accept-language": language}),
        ):
            assert errors(page) == [(control.replace(".", "-"), words)]
            assert FILE_WORDS.search(words) is None
        text = html.unescape(marketer.get(review, headers={"accept-language": language}).content.decode())
        problems = re.findall(r'<li class="bad">(.*?)</li>', text)
        assert len(problems) == 1 and words in problems[0]
        assert FILE_WORDS.search(re.sub(r"<[^>]+>", "", problems[0])) is None


def test_the_review_names_the_control(marketer):  # noqa: F811
    address = began(marketer)
    form = fields(marketer.get(address)) | SOUND | {"rules.0.factor": ["abc"], "do": ["save"]}
    marketer.post(address, form)
    review = reverse("admin:draft_review", args=[Draft.objects.get().pk])
    assert "Double points on a weekday · Factor</a>: “abc” is not a number." in marketer.get(review).content.decode()
    japanese = marketer.get(review, headers={"accept-language": "ja"}).content.decode()
    assert "曜日限定ポイント2倍 · 倍率</a>: 「abc」は数ではありません。" in japanese


@pytest.mark.parametrize(
    ("kind", "typed", "control", "words"),
    [
        ("per_amount", {"points": "1", "per": "0"}, "per", "This must be more than zero."),
        ("per_amount", {"points": "1", "per": ""}, "per", "Give an amount."),
        ("per_amount", {"points": "0", "per": "5"}, "points", "This is too small: 1 at least."),
        ("stamps", {"buy": "10", "points": "5", "reward": "mug"}, "reward", "“mug” is not there any more."),
        ("stamps", {"buy": "10", "points": ""}, "points", "Give points or a reward, one of the two."),
        ("streak", {"points": "5", "times": "3", "within_days": "9999"}, "within_days", "This is too large: 3,660"),
        ("streak", {"points": "5", "times": "3", "skus": "A, B", "within_days": "9"}, "times", "Give visits or"),
        ("referral", {"referrer": "", "friend": ""}, "referrer", "Give a number."),
        ("multiplier", {"factor": "2", "of": "gone"}, "of", "“gone” is not there any more."),
    ],
)
def test_every_kind_of_rule_speaks_of_its_controls(marketer, kind, typed, control, words):  # noqa: F811
    address = began(marketer, "empty")
    form = fields(marketer.get(address)) | {f"rules.0.{name}": [value] for name, value in typed.items()}
    page = marketer.post(address, form | {"rules.0.kind": [kind], "do": ["look"]})
    found = dict(errors(page))
    assert found[f"f-rules-0-{control}".removeprefix("f-")].startswith(words), found
    for text in errors(
        marketer.post(address, form | {"rules.0.kind": [kind], "do": ["look"]}, headers={"accept-language": "ja"})
    ):
        assert re.search("[ぁ-ん]", text[1]) and FILE_WORDS.search(text[1]) is None


def test_values_of_conditions_are_spoken_of_by_their_field(marketer):  # noqa: F811
    address = began(marketer, "threshold")
    page = marketer.get(address)
    assert errors(page) == [("rules-0-when-0", "Give an amount.")]
    form = fields(page) | {"rules.0.when.0.value": ["x"], "do": ["look"]}
    assert errors(marketer.post(address, form)) == [("rules-0-when-0", "“x” is not a number.")]
    form |= {"rules.0.when.0.value": ["5.5"]}
    assert errors(marketer.post(address, form)) == [("rules-0-when-0", "“5.5” has decimals: leave them out.")]


def test_what_reaches_nobody_is_not_published(marketer):  # noqa: F811
    address = began(marketer)
    marketer.post(address, fields(marketer.get(address)) | SOUND | {"audience.0.value": [], "do": ["save"]})
    review = reverse("admin:draft_review", args=[Draft.objects.get().pk])
    page = marketer.get(review)
    seen = re.search(r'name="seen" value="(\w+)"', page.content.decode())
    assert seen is not None and "First solve the problems above." in page.content.decode()
    assert marketer.post(review, {"do": "publish", "seen": seen[1], "when": "now"}).status_code == 409
    assert Draft.objects.get().state == Draft.State.OPEN
    marketer.post(address, fields(marketer.get(address)) | SOUND | {"do": ["save"]})
    seen = re.search(r'name="seen" value="(\w+)"', marketer.get(review).content.decode())
    assert seen is not None
    assert marketer.post(review, {"do": "publish", "seen": seen[1], "when": "now"}).status_code == 302
