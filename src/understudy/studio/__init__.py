"""The studio: the whole craft in a browser, on the machine that does the work.

It is a door like the command line: what it shows it reads from the store, and what it does is a job
of the queue, which the command line can add, watch and cancel as well. Nothing lives in the server.
"""
