import Glibc
import SystemPackage
import TestSupport

/// Shell scripts, which is how people use these programs.
enum Shell {
  /// Lets a script have its input in a file: how often a program has to wait for it is not left to chance then.
  static func input(in log: borrowing ScratchDirectory) -> String { "cat >\(log.path)/input; exec <\(log.path)/input" }

  /// Runs a script in a directory, with the built programs first on its PATH and no policy but the built-in one.
  static func run(
    _ script: String, in directory: borrowing ScratchDirectory, environment: [String: String] = [:], input: [UInt8] = []
  ) throws -> (status: Int32, output: String, errors: String) {
    let programs = FilePath(ProgramRun.path(of: "dotlock")).removingLastComponent().string
    let base = [
      "PATH": "\(programs):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": directory.path.string, "LC_ALL": "C",
    ]
    return try ProgramRun.run(
      "/usr/bin/timeout",
      // A script that waits for what never comes must not hold up the tests.
      ["--foreground", "-k", "1", "180", "/bin/sh", "-c", "cd '\(directory.path.string)' || exit 99\n" + script],
      input: input,
      environment: base.merging(environment) { $1 })
  }
}
