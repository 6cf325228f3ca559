"""What RFC 9113 and RFC 7541 ask of whatever relays frames, as tables of bytes; written from the RFCs, without vaurien's code."""
