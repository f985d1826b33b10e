"""The Cypher library: data only; this file makes the folder ship in the wheel."""
