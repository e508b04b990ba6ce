"""Thin typed wrappers over boto3, which is the port to AWS and to everything that speaks as AWS does."""
