"""Sources that add columns to the leading rows: keys as they are compared, and rows of one key
aggregated.
"""
