"""The lists in which files are found: postings in DynamoDB, written with the file they point to."""
