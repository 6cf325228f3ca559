"""Small words that several parts share, beside those that plugins are written with: pure, and about no part."""
