"""The commands of ``vaurienctl``, those about one thing in a file, and the table of them all."""
