"""What the official libraries of APIs make of the kinds that are in the words of those APIs."""
