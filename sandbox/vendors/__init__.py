"""The vendors whose wire protocols the sandbox speaks."""

from __future__ import annotations

from sandbox.vendors.getfly import Getfly
from sandbox.vendors.google_ads import GoogleAds
from sandbox.vendors.hubspot import HubSpot
from sandbox.vendors.meta_ads import MetaAds
from sandbox.wire import Options, Vendor


def make_vendors(options: Options) -> list[Vendor]:
    """A fresh imitation of every vendor."""
    return [GoogleAds(options), MetaAds(options), HubSpot(options), Getfly(options)]
