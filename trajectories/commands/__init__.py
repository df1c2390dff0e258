"""The commands of the command line, a module for each: `add` adds one to the parser."""
