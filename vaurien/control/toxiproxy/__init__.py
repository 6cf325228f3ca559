"""Toxiproxy's HTTP API, to the byte of its bodies and of its words for mistakes."""
