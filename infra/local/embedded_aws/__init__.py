"""An embedded AWS for running, developing and testing on one machine.

It is the package `ministack`, pinned and patched at start (nothing of it is copied or edited):

* `fast_dynamodb`: Query and Scan cost what they return, not what the table holds;
* `durability`: every write is in a journal before its reply, so kill -9 loses nothing acknowledged;
* `s3_objects`, `s3_uploads`: overwrites are crash-atomic, multipart uploads in progress survive a kill;
* `root_identity`: signatures and policies are enforced, and only a generated key is root.

`python -m infra.local.embedded_aws` runs it (see `__main__` for the settings); `process.EmbeddedAws` starts
it as a child process.
"""
