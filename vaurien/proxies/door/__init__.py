"""The door of a forward proxy: what a client asks for, as HTTP or SOCKS5 say it, and the connections that pass unread."""
