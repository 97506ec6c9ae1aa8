"""Many tasks at once: in this process, in processes beside it, or on a Dask cluster, with equal results."""
