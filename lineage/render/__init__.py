"""Answers for people: terminal tables and text, and the picture of a way. No questions are asked here."""
