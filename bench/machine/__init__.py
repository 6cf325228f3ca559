"""What the machine under the benchmark does and can: what a process uses, what else runs, what counts instructions."""
