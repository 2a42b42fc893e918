"""What a person does in Python: `import research as sl` gives these names; the command line is written on the same functions."""
