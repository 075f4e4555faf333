"""Pictures and pages: the report of a sweep, the comparison of sweeps, a dataset's classes, explained predictions.

It imports search, training, data and core, and is the only room that imports matplotlib, plotly, jinja2 and captum.
Begin with `make`: each part is found in `findings`, drawn by a `figures_*` module and shown by a `page_*` module. The
page's HTML is in `templates/`, which `page` fills in.
"""
