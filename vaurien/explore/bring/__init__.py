"""What explore brings into the processes of tests: no part of vaurien there."""
