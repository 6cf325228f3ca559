"""The names of a cluster's keys: all are below ``/vaurien/CLUSTER/``, and what members follow is below one prefix of that."""


class Keys:
    """The keys of one cluster.

    Args:
        cluster: Its name.
    """

    def __init__(self, cluster: str) -> None:
        self.root = f'/vaurien/{cluster}/'
        #: all that members follow, and nothing that they write themselves
        self.wanted = f'{self.root}wanted/'
        self.halt = f'{self.wanted}halt'
        self.orders = f'{self.wanted}orders/'
        self.proxies = f'{self.wanted}proxies/'
        self.members = f'{self.root}members/'
        self.applied = f'{self.root}applied/'
        self.counts = f'{self.root}counts/'
