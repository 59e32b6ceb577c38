"""Records of the world as the JSON of GitHub's REST description."""
