"""The examples of the documentation: each file is shown there, and run by vaurien's tests."""
