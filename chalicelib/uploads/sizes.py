"""How large files may be, in bytes, where neither settings nor admins say anything else."""

MIB = 1 << 20
DEFAULT_LIMITS = {"image": 10 * MIB, "video": 100 * MIB, "audio": 50 * MIB, "document": 20 * MIB}
MAX_LIMIT = 5 << 30
"""5 GiB: the most that a single PUT to S3 may carry."""
MULTIPART_FROM = 16 * MIB
"""From here on a file comes in parts."""
