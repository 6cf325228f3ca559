"""What workers record of single requests, handed to the process that has the file and the page of counters."""
