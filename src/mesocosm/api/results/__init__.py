"""What the verbs of an ecosystem return: records, each with the JSON that its command prints."""
