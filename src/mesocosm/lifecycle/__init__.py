"""What would change, and the change: resources, plan, apply, and the rooms introduced to each
other.
"""
