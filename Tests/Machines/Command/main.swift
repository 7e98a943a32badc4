import Glibc

// machines: explores the composition of a device's machines, and hunts every mutant of their
// tables. machines deep: explores further, and hunts none.

exit(await Checks.run(isDeep: CommandLine.arguments.contains("deep")) ? 0 : 1)
