"""What somebody did before tells what they may want next: items ranked by behaviour and by what is
said of them.
"""
