"""Everything of MLflow: the tracking store, runs, artifacts and the model registry.

It imports training, data and core, and is the only room that imports MLflow. Begin with `background`, which is told
what happens in a sweep, then `runs`, which writes it. `registry` holds the models and moves the alias `champion`.
"""
