"""The command line. Every command is loaded when it is called, so that help answers at once."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App

EXIT_CODES = {
    0: "published, or the question answered",
    1: "unexpected: a fault of Crosscheck's",
    2: "the command's words are off",
    3: "configuration, secret or rule file",
    4: "source unreachable or refused",
    5: "a gate failed, yesterday's tables are kept",
    6: "another run holds the lock",
    7: "published with a stale source",
    8: "published, but the alert was not delivered",
}

_EPILOGUE = ("Exit codes: " + " · ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
             + ". Data goes to standard output, everything else to standard error; with --json the data is one "
               "document, and an error is one on standard error.")

app = App(
    name="crosscheck",
    help="Settles the quarrel between Marketing and Sales: ad spend and CRM outcomes, joined, validated and published "
         "every night.",
    help_epilogue=_EPILOGUE,
    help_format="markdown",
    version=lambda: version("crosscheck"),
)


def _add(group: App, place: str, text: str, example: str, name: str = "") -> None:
    """A command by its place: the text stands in the list, the example in its own help; nothing is imported yet."""
    name = name or place.rpartition(":")[2].strip("_").replace("_", "-")
    group.command(f"crosscheck.cli.{place}", name=name, help=f"{text}\n\nExample: `crosscheck {example}`")


_add(app, "start:init", "Write a first crosscheck.toml and its folders.", "init my-company --currency VND")
_add(app, "doctor:doctor", "Check the machine, the settings and every source; one line each, with a fix.", "doctor")
_add(app, "deploy:deploy", "Bring what prefect.yaml declares, and the hints, to a Prefect server; only what differs.",
     "deploy --dry-run")
_add(app, "deploy:undeploy", "Take deployments, schedules and hints off a Prefect server; data stays.",
     "undeploy --yes")
_add(app, "run:run", "Run one night now, without any server. Killed anywhere, the same command continues.",
     "run --as-of 2026-11-21T19:00:00Z")
_add(app, "run:backfill", "Read a range of days again, in resumable chunks.",
     "backfill 2026-01-01..2026-06-30 --source google_ads")
_add(app, "run:watch", "Alert if no night was published in time.", "watch")
_add(app, "run:sla", "Tell whose first attempt is due and not made, as the CRMs stand now; writes no mart.", "sla")
_add(app, "roles:grant", "Make the four reading roles on PostgreSQL and grant what each may see.", "grant --sql")
_add(app, "roles:salesperson", "Say which owner ids of the CRMs are a login's own.", "salesperson an.nguyen hubspot/42")
_add(app, "sources:plan", "What the next night would read: windows, rows, calls, pace; writes nothing.", "plan")
_add(app, "sources:freshness", "Per source: complete up to which day, age, promise, paused or not.", "freshness")
_add(app, "sources:pause", "Leave a source out for a while, with a reason; ends by itself.",
     "pause meta_ads --until 2026-12-05 --reason 'moved to the new agency'")
_add(app, "sources:resume", "Read a paused source again.", "resume meta_ads")
_add(app, "look:status", "Last runs, freshness per source, what failed.", "status")
_add(app, "look:sql", "Print the SELECT that builds a mart, in an engine's words.",
     "sql campaign_roi_cohort --dialect postgresql")
_add(app, "look:trace", "Open a number down to its leads, deals and the vendor's payload.",
     "trace campaign_roi_closed platform=meta_ads close_month=2026-10-01")
_add(app, "explain:explain", "Say a number in words: what it means, its parts, how sure it is, and how to open it.",
     "explain closed_rate campaign_id=6001")
_add(app, "page:page", "Write what is published as one HTML file: filters, evidence, both languages.",
     "page --out var/report")
_add(app, "past:as_of", "What a mart said on an earlier day, as it was published then.",
     "as-of campaign_roi_closed campaign_id=6001 --on 2026-11-01")
_add(app, "report:report", "Write the nightly report of what is published, an HTML file per language.",
     "report --language vi --out reports")
_add(app, "letters:letters", "The daily letters between the departments, or the weekly pack: to look at, or to send.",
     "letters --preview var/letters")
_add(app, "erase:erase", "Forget a person: contact data and hashes, here and in what is published.",
     "erase --lead hubspot/42 --reason 'asked on 21 November' --yes")
_add(app, "verify:verify", "Compare the published marts with a demo company's truth, fact by fact.", "verify var/demo")
_add(app, "demo:demo", "Three nights of a demo company, with a planted fault, and the proof.", "demo")

appeal = App(name="appeal", help="Dispute what a lead is; it counts once both departments signed.")
_add(appeal, "appeal:file", "Say what a lead really was, with who, why and evidence.",
     "appeal file hubspot/42 reached --since 2026-11-03T10:15+07:00 --as sales --who Bình --why 'called from the "
     "showroom' --evidence 'call 8812'")
_add(appeal, "appeal:sign", "Agree with an appeal of the other side.",
     "appeal sign 0a1b2c3d4e5f --as marketing --who An")
_add(appeal, "appeal:withdraw", "Take your side's signature back; the appeal stays on record.",
     "appeal withdraw 0a1b2c3d4e5f --as sales --who Bình --why 'it was another lead'")
_add(appeal, "appeal:list_", "Who said what about which lead, when, why, on what evidence.", "appeal list hubspot/42")
app.command(appeal)

alerts = App(name="alerts", help="Who is told, and whether he can be.")
_add(alerts, "alerts:send_test", "Send every channel a test message; which took it, and why not.",
     "alerts test sales_zalo",
     name="test")
_add(alerts, "alerts:pair", "Find the chat of a person who shall be told by a Zalo bot.",
     "alerts pair zalo --token env:ZALO_BOT_TOKEN")
app.command(alerts)

connect = App(name="connect", help="Sources, before a night needs them.")
_add(connect, "sources:connect_test", "Accounts, zone, currency, newest day, pace and every stream of a source; what "
     "is wrong, and the fix.", "connect test meta_ads", name="test")
app.command(connect)

sandbox = App(name="sandbox", help="The demo company and a server that speaks the vendors' protocols.")
_add(sandbox, "sandbox:generate", "Write a demo company to a folder.", "sandbox generate var/company --scale 10")
_add(sandbox, "sandbox:serve", "Serve a demo company on free loopback ports.", "sandbox serve var/company")
app.command(sandbox)
