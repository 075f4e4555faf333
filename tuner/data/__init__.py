"""What a dataset is: its specification and splits, where it comes from, and how raw samples become tensors.

It imports core. A dataset or model file of the catalog needs only the names that `spec` has, and core's errors, files
and environment. Begin with `spec`, then `source`; `images`, `tables` and `texts` read users' own data.
"""
