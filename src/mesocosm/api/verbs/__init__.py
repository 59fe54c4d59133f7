"""The verbs of an ecosystem, by the groups of the command line; a verb imports what it needs when
it is called.
"""
