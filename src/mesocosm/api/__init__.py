"""What `mesocosm.open` gives: datasets as tables, services as functions of rows, plans to look at.

Knows the rooms' doors; decides nothing.
"""
