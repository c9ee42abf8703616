"""What a whole run of the benchmarks comes to: its figures beside the aims, and beside a bare loop of the same run."""
