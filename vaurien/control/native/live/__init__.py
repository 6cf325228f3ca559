"""What the page and ``vaurienctl top`` watch a process by: one stream of events, bundled once a second."""
