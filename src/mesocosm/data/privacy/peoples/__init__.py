"""Private values as the languages of Europe and East Asia write them: names, numbers told of by a
word, addresses.
"""
