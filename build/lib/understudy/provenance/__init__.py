"""Consent before anything is converted, and Content Credentials on everything that is."""
