"""Clients from the moment they are accepted to their session: waiting for the backend, and speaking TLS first."""
