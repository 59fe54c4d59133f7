"""What a look at a source proves, and what it only guesses: one idea a file.

Knows columns of text and what the types can read. What is proven becomes a setting; a guess becomes
a proposal that a person may accept.
"""
