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

_EPILOGUE = "Exit codes: " + " · ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())

app = App(
    name="crosscheck",
    help="Settles the quarrel between Marketing and Sales: ad spend and CRM outcomes, joined, validated and published "
         "every night.",
    help_epilogue=_EPILOGUE,
    help_format="markdown",
    version=lambda: version("crosscheck"),
)
app.command("crosscheck.cli.start:init", name="init", help="Write a first crosscheck.toml and its folders.")
app.command("crosscheck.cli.doctor:doctor", name="doctor",
            help="Check the machine, the settings and every source; one line each, with a fix.")
app.command("crosscheck.cli.run:run", name="run", help="Run one night now, without any server.")
app.command("crosscheck.cli.run:backfill", name="backfill", help="Read a range of days again, in resumable chunks.")
app.command("crosscheck.cli.run:watch", name="watch", help="Alert if no night was published in time.")
app.command("crosscheck.cli.look:status", name="status", help="Last runs, freshness per source, what failed.")
app.command("crosscheck.cli.look:sql", name="sql", help="Print the SELECT that builds a mart, in an engine's words.")
app.command("crosscheck.cli.look:trace", name="trace",
            help="Open a number down to its leads, deals and the vendor's payload.")
app.command("crosscheck.cli.verify:verify", name="verify",
            help="Compare the published marts with a demo company's truth, fact by fact.")
app.command("crosscheck.cli.demo:demo", name="demo",
            help="Three nights of a demo company, with a planted fault, and the proof.")

sandbox = App(name="sandbox", help="The demo company and a server that speaks the vendors' protocols.")
sandbox.command("crosscheck.cli.sandbox:generate", name="generate", help="Write a demo company to a folder.")
sandbox.command("crosscheck.cli.sandbox:serve", name="serve", help="Serve a demo company on free loopback ports.")
app.command(sandbox)
