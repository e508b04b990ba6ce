"""Structured logs: JSON lines with the request's id. Ids only: no names, addresses, tokens or contents."""

from aws_lambda_powertools import Logger

log = Logger(service="mediatheque")
