"""Shows that a plan meets exactly the request that it means, and no neighbour: in front of real servers, again and again.

Each run means another request: of a pipeline of 1,000, of transactions, of batches of PostgreSQL's extended protocol, of 50
sessions at once. Whatever the client gets, the server holds and the plan says of itself is compared with what was meant.
"""
