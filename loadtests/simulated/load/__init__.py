"""Load tests: shapes of days, arrivals that wait for nobody, and the verdict on a run."""
