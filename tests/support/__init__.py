"""What tests and benchmarks share: real servers, clients on plain sockets, a vaurien to talk through."""
