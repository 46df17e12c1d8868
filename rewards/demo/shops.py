"""What the invented shops sell: one for each programme template, with its own goods, places and habits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

JAPANESE, ENGLISH = "ja", "en"


@dataclass(frozen=True)
class Product:
    """One thing on the shelf; `price_minor` includes tax."""

    sku: str
    name: Mapping[str, str]
    category: str
    price_minor: int
    often: int = 1  # how often beside the others
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shop:
    """A shop and its customers. `stores` are codes with how often people go there."""

    code: str
    currency: str
    zone: ZoneInfo
    stores: Mapping[str, int]
    products: tuple[Product, ...]
    customers: int
    sales: int
    days: int  # how far back its history goes
    opens_at: int
    open_hours: int
    most_lines: int
    tax_percent: int  # in the prices


def _product(sku: str, english: str, japanese: str, category: str, price: int, often: int, *labels: str) -> Product:
    return Product(sku, {ENGLISH: english, JAPANESE: japanese}, category, price, often, labels)


COFFEE = Shop(
    code="coffee",
    currency="JPY",
    zone=ZoneInfo("Asia/Tokyo"),
    stores={"umeda": 5, "nakanoshima": 3, "kobe": 3, "online": 1},
    products=(
        _product("LATTE", "Caffè latte", "カフェラテ", "drink", 580, 9),
        _product("DRIP", "Filter coffee", "ドリップコーヒー", "drink", 450, 9),
        _product(
            "DRIP-CUP", "Filter coffee in your own cup", "ドリップコーヒー（マイカップ）", "drink", 420, 3, "own-cup"
        ),
        _product("MATCHA", "Matcha latte", "抹茶ラテ", "drink", 620, 4),
        _product("COLDBREW", "Cold brew", "水出しコーヒー", "drink", 550, 4),
        _product("SCONE", "Scone", "スコーン", "food", 320, 4),
        _product("TOAST", "Thick toast with butter", "厚切りバタートースト", "food", 480, 4),
        _product("PUDDING", "Custard pudding", "カスタードプリン", "food", 420, 3),
        _product("BEANS-BLEND", "House blend, 200 g", "ハーバーブレンド 200g", "beans", 1480, 2),
        _product("BEANS-ETH", "Ethiopia Yirgacheffe, 200 g", "エチオピア イルガチェフェ 200g", "beans", 1880, 1),
        _product("MUG", "Harbour mug", "港マグカップ", "goods", 2200, 1),
    ),
    customers=300,
    sales=2800,
    days=180,
    opens_at=8,
    open_hours=11,
    most_lines=3,
    tax_percent=10,
)
OUTDOOR = Shop(
    code="outdoor",
    currency="USD",
    zone=ZoneInfo("America/Denver"),
    stores={"boulder": 4, "denver": 4, "online": 3},
    products=(
        _product("SOCKS", "Merino hiking socks", "メリノハイキングソックス", "clothing", 2200, 6, "house"),
        _product("SHELL", "Rain shell", "レインジャケット", "clothing", 17900, 2, "house"),
        _product("FLEECE", "Fleece pullover", "フリースプルオーバー", "clothing", 8900, 3, "house"),
        _product("BOOTS", "Mid hiking boots", "ミッドカットトレッキングシューズ", "footwear", 18500, 2),
        _product("TENT", "Two-person tent", "2人用テント", "camping", 34900, 1, "house"),
        _product("STOVE", "Canister stove", "シングルバーナー", "camping", 5495, 2),
        _product("BOTTLE", "Steel bottle, 1 l", "ステンレスボトル 1L", "camping", 3495, 4),
        _product("BAR", "Trail bar", "行動食バー", "food", 275, 8),
        _product("MAP", "Topographic map", "地形図", "books", 1495, 3),
        _product("USED-PACK", "Used backpack, 50 l", "中古バックパック 50L", "camping", 8500, 1, "used"),
        _product("MEMBER-LIFE", "Lifetime membership", "終身組合費", "membership", 3000, 1),
    ),
    customers=350,
    sales=2200,
    days=270,
    opens_at=10,
    open_hours=9,
    most_lines=4,
    tax_percent=0,
)
DEPARTMENT = Shop(
    code="department",
    currency="EUR",
    zone=ZoneInfo("Europe/Berlin"),
    stores={"berlin": 5, "hamburg": 4, "online": 3, "cafe-linden": 3, "kino-linden": 1},
    products=(
        _product("CREAM", "Day cream, 50 ml", "デイクリーム 50ml", "beauty", 3490, 5),
        _product("LIPSTICK", "Lipstick", "口紅", "beauty", 2950, 5),
        _product("PERFUME", "Eau de parfum, 50 ml", "オードパルファム 50ml", "beauty", 8900, 2),
        _product("SHIRT", "Poplin shirt", "ポプリンシャツ", "clothing", 6995, 4),
        _product("COAT", "Wool coat", "ウールコート", "clothing", 29900, 1),
        _product("SCARF", "Cashmere scarf", "カシミヤマフラー", "clothing", 9900, 2),
        _product("PAN", "Cast-iron pan, 28 cm", "鋳鉄フライパン 28cm", "home", 8990, 2),
        _product("TOWEL", "Bath towel", "バスタオル", "home", 2495, 4),
        _product("TOWEL-SALE", "Bath towel, last season's colour", "バスタオル（旧色）", "home", 1290, 2, "clearance"),
        _product("NOVEL", "A novel", "小説", "books", 2400, 2),
        _product("TEA", "Darjeeling, 100 g", "ダージリン 100g", "food", 1650, 4),
        _product("CHOCOLATE", "Box of chocolates", "チョコレート詰め合わせ", "food", 2200, 4),
    ),
    customers=400,
    sales=2600,
    days=240,
    opens_at=10,
    open_hours=10,
    most_lines=3,
    tax_percent=19,
)
SHOPS: Mapping[str, Shop] = {shop.code: shop for shop in (COFFEE, OUTDOOR, DEPARTMENT)}
