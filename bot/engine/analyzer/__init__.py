"""AWS's Reachability Analyzer, asked for chosen pairs beside the model's verdict on them."""
