"""What leaves the machine: which addresses may be asked, and the language models behind them."""
