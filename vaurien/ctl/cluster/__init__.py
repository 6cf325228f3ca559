"""``vaurienctl --cluster``: asks the members of a cluster, through its etcd."""
