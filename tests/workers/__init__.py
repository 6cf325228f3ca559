"""``make workers``: workers that are killed under 2,000 sessions; its short form is tests/integration/test_workers.py."""
