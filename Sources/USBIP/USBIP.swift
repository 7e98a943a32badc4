// The module's sources.
