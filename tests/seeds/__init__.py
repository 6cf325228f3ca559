"""Shows that the faults of a session depend on its own requests, in their order, and neither on time nor on others.

Random conversations are held with real servers through random mixes, each several times: request by request, all at once,
in small pieces with answers in small pieces, and beside up to 49 others. Faults and answers have to be the same each time.
"""
