"""Files of other tools, read without trusting them, and written so that those tools read them.

One file per format; `values` holds what they have in common. Readers give faces in our pixel
convention; whoever calls them places the faces in a film (`stages.interchange`).
"""
