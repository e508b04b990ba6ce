"""Mediatheque: the table of contents.

Routes are declared in `chalicelib/api`, one blueprint per resource; queues and schedules in `chalicelib/events`,
one module per function.
"""

from chalice.app import Chalice

from chalicelib.api import (
    activity,
    admin,
    admin_categories,
    admin_files,
    auth,
    background,
    bulk,
    categories,
    contents,
    exports,
    file_requests,
    files,
    finding,
    grants,
    letters,
    limits,
    links,
    me,
    pages,
    recommendations,
    renditions,
    service,
    shared,
    statistics,
    tags,
    uploads,
    usage,
)
from chalicelib.events import extraction, jobs, media, sweep

app = Chalice(app_name="mediatheque", configure_logs=False)
app.api.binary_types = ["multipart/form-data"]
app.experimental_feature_flags.add("BLUEPRINTS")

RESOURCES = (
    service,
    auth,
    me,
    pages,
    uploads,
    finding,
    tags,
    categories,
    statistics,
    bulk,
    background,
    contents,
    exports,
    file_requests,
    usage,
    files,
    recommendations,
    renditions,
    grants,
    links,
    shared,
    activity,
    admin,
    admin_categories,
    admin_files,
    letters,
    limits,
)
for resource in RESOURCES:
    app.register_blueprint(resource.blueprint)

for function in (extraction, media, jobs, sweep):
    app.register_blueprint(function.blueprint)
