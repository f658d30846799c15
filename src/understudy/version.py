"""Which Understudy this is, for rooms that write it into files."""

VERSION = "0.1.0"
