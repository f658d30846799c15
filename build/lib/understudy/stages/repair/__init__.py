"""Repair of an alignments file: one module for each family of jobs.

Every job that changes something is one transaction, can be tried with `dry_run`, and keeps a copy
of the file as it was. What was made from landmarks that change is marked stale; `redo` makes it
again.
"""
