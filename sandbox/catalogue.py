"""What the demo company runs: its ad accounts, campaigns and salespeople, as data.

Every campaign is one `Plan`: how much it spends, what kind of leads it brings, and how they end. The quarrels of the
two departments are planted here where they are a matter of degree, and in `sandbox.quarrels` where they are events.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.model import AdAccount

BUSINESS_ZONE = "Asia/Ho_Chi_Minh"
PACIFIC = "America/Los_Angeles"
MANAGER_ID = "9000000001"
GOOGLE_VN, GOOGLE_US, GOOGLE_CLOSED = "1000000001", "1000000002", "1000000003"
META_VN, META_US = "200000000000001", "200000000000002"

ACCOUNTS = (
    AdAccount("google_ads", GOOGLE_VN, "Nội thất Phố Hiến", "VND", BUSINESS_ZONE, MANAGER_ID),
    AdAccount("google_ads", GOOGLE_US, "Pho Hien Furniture US", "USD", PACIFIC, MANAGER_ID),
    AdAccount("google_ads", GOOGLE_CLOSED, "Cửa hàng cũ", "VND", BUSINESS_ZONE, MANAGER_ID, status="CANCELED"),
    AdAccount("meta_ads", META_VN, "Phố Hiến VN", "VND", BUSINESS_ZONE),
    AdAccount("meta_ads", META_US, "Pho Hien US", "USD", PACIFIC),
)


@dataclass(frozen=True)
class Plan:
    """One campaign: money per ad and day, and what becomes of a hundred leads.

    `spend` is the mean per ad and day in account currency. `first` and `last` count days from the first day of
    history. `dead`, `reach`, `wrong`, `hot` and `win` are shares: dead contacts of all, reached of the living, wrong
    targets of the reached, hot of the rest, won of the hot. `claim` is what the platform claims per unit spent.
    """

    key: str
    platform: str
    account_id: str
    name: str
    channel: str
    objective: str
    ads: int
    spend: int
    weight: float
    claim: float
    dead: float = 0.05
    reach: float = 0.7
    wrong: float = 0.2
    hot: float = 0.5
    win: float = 0.55
    deal: int = 24_000_000
    first: int = 0
    last: int = 10_000
    ads_level: bool = True


_SEARCH, _LEADS = ("SEARCH", "LEADS"), ("AUCTION", "OUTCOME_LEADS")

PLANS = (
    Plan("sofa_search", "google_ads", GOOGLE_VN, "Tìm kiếm - Sofa Hà Nội", *_SEARCH, 4, 180_000, 9, 2.5),
    Plan("table_search", "google_ads", GOOGLE_VN, "Tìm kiếm - Bàn ăn gỗ sồi", *_SEARCH, 4, 150_000, 7, 2.2),
    Plan("pmax", "google_ads", GOOGLE_VN, "PMax Nội thất", "PERFORMANCE_MAX", "SALES", 1, 600_000, 6, 3.0,
         ads_level=False),
    Plan("deleted", "google_ads", GOOGLE_VN, "Đồ gỗ Tết sớm", *_SEARCH, 3, 160_000, 3, 1.5, first=45, last=90),
    Plan("walnut", "google_ads", GOOGLE_US, "US Search - Walnut Tables", *_SEARCH, 4, 22, 7, 2.8, deal=1_900),
    Plan("clearance_google", "google_ads", GOOGLE_US, "Clearance Sale", *_SEARCH, 3, 18, 4, 2.0, win=0.4, deal=900),
    Plan("brand", "google_ads", GOOGLE_US, "US Display - Brand", "DISPLAY", "AWARENESS", 2, 15, 0, 0.0),
    Plan("dead_phones", "meta_ads", META_VN, "Form - Sofa giá rẻ", *_LEADS, 4, 60_000, 24, 1.8,
         dead=0.62, reach=0.5, wrong=0.4, hot=0.15, win=0.3, deal=9_000_000),
    Plan("braggart", "meta_ads", META_VN, "Tiếp thị lại - Khách cũ", "AUCTION", "OUTCOME_SALES", 4, 520_000, 4, 9.0,
         hot=0.2, win=0.3, deal=8_000_000),
    Plan("workshop", "meta_ads", META_VN, "Video - Xưởng Hưng Yên", "AUCTION", "OUTCOME_ENGAGEMENT", 4, 110_000, 5,
         0.6),
    Plan("lost", "meta_ads", META_VN, "Thử nghiệm tháng 8", *_LEADS, 2, 90_000, 1, 1.0, last=30),
    Plan("oak", "meta_ads", META_US, "US Lead Form - Oak Beds", *_LEADS, 4, 20, 9, 2.4, deal=1_500),
    Plan("clearance_meta", "meta_ads", META_US, "Clearance  SALE", *_LEADS, 3, 16, 4, 1.6, win=0.4, deal=900),
)

#: Leads no ad account paid for, or whose origin was lost: the share of all leads.
ORGANIC_SHARE = 0.12
#: What a customer answers to "how did you hear of us?".
ORIGINS = ("Bạn bè giới thiệu", "Thấy trên Facebook", "Tìm trên Google", "Đi ngang showroom", "Khách quen của sale")


@dataclass(frozen=True)
class Rep:
    """One salesperson: mean hours until the first call, and whom they serve."""

    owner_id: str
    name: str
    delay_hours: float
    crm: str


LATE_REP = "7003"
REPS = (
    Rep("7001", "Nguyễn Thị Lan", 0.8, "hubspot"),
    Rep("7002", "Trần Quốc Huy", 2.0, "hubspot"),
    Rep(LATE_REP, "Phạm Văn Tuấn", 46.0, "hubspot"),
    Rep("11", "Đỗ Thu Hà", 1.5, "getfly"),
    Rep("12", "Vũ Minh Đức", 3.0, "getfly"),
    Rep("13", "Lê Hồng Nhung", 5.0, "getfly"),
)
