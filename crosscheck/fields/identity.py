"""Words about who is the same person, and by what."""

from crosscheck.tables import Field, Kind

#: What can link two records, from strong to weak.
ALIAS_KINDS = ("crm_merge", "email", "phone", "vendor_lead_id", "gclid", "fbclid", "ttclid")

FIELDS = (
    Field("alias_kind", Kind.TEXT, "What the leads have in common.", allowed=ALIAS_KINDS),
    Field("alias_key", Kind.ID, "The keyed hash of the address or number, the id of the form or click, or for a merge "
                                "source and id of the survivor."),
    Field("alias_no", Kind.COUNT, "Place of the kind from strong to weak, from 1.", low=1),
    Field("is_linking", Kind.FLAG, "Leads with this alias are one person."),
    Field("refused_because", Kind.TEXT, "Why the alias links nobody: `shared` by too many contacts, or a `conflict` of "
                                        "what its leads say of themselves; null where it links.",
          allowed=("shared", "conflict")),
    Field("alias_lead_count", Kind.COUNT, "Leads that carry the alias, those merged away included.", unit="leads",
          low=1),
    Field("alias_email_count", Kind.COUNT, "Different e-mail addresses among them.", unit="addresses", low=0),
    Field("alias_phone_count", Kind.COUNT, "Different phone numbers among them.", unit="numbers", low=0),
)
