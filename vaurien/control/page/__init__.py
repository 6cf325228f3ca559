"""The page that a browser shows at the control server's address: its files, and nothing that it asks for later."""
