"""Plans: exactly this request, that occurrence of it, this failure; how they are written, and how requests meet them."""
