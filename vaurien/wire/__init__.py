"""Toxics at work: the chain of stages between what is written to a stream and its socket."""
