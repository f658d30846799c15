"""Bars by themselves: in a terminal, in a notebook, or told to whoever watches."""
