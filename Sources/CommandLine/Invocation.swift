package import LockPolicy
package import SystemPackage

/// What the words of a command line mean.
package struct Invocation {
  /// The policy settings that were given, in order.
  package var overrides: [Assignment] = []
  package var policyFile: FilePath?
  package var conflictExitCode: Int32?
  package var isVerbose = false
  package var isQuiet = false
  /// The values of the program's own options, by their long names, as the kernel gave them.
  package var own: [String: [UInt8]] = [:]
  /// What follows the options, as the kernel gave it: a path need not be UTF-8.
  package var operands: [UnsafeMutablePointer<CChar>] = []

  /// Whether the command line sets the policy key.
  package func sets(_ key: String) -> Bool { overrides.contains { $0.setting.key == key } }
}

/// Why a command line has no meaning.
package struct UsageError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// What a command line asks for.
package enum Request {
  case run(Invocation)
  case help
  case version
}
