"""Spans of OpenTelemetry: one for each exchange that something was injected into, or for each, sent to a collector by OTLP."""
