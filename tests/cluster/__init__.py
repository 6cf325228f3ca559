"""``make cluster``: a cluster at size, with a real etcd of three members; its short form: tests/integration/test_cluster*.py."""
