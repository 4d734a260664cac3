"""The nightly report: one page per language that settles the quarrel in figures, each with the way to its rows."""
