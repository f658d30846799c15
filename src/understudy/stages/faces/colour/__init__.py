"""How the colours of a film are seen where its faces are looked at."""
