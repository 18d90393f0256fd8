internal import FileLocking
internal import LockPolicy
internal import SystemPackage

extension Findings {
  /// A policy of one rule, to be pasted into dotlock.yaml; `nil` where no method is safe.
  var rule: String? {
    guard !recommended.isEmpty else { return nil }
    let lines = [
      "rules:", "  # \(directory.string.visible) (\(filesystem)), as lockctl probe found it on \(host.visible).",
      "  - match: { \(match) }", "    method: \(MethodList(recommended))",
    ]
    return (lines + cacheLines).joined(separator: "\n") + "\n"
  }

  /// A local file system of one kind is like another, if nothing is wrong with it; behind a network type there is a
  /// certain server, or program.
  private var match: String {
    let path = directory.string
    let isOrdinary = isLocal && methods.allSatisfy(\.isSafe)
    // Patterns are text; a path need not be.
    guard !isOrdinary, FilePath(path) == directory else { return "filesystem: \(filesystem)" }
    let escaped = path.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    return "path: \(yamlScalar(escaped == "/" ? "/**" : escaped + "/**"))"
  }

  private var cacheLines: [String] {
    guard filesystem == "nfs", recommended.contains(.dotlock) else { return [] }
    return [
      "    # A client may see a lock file for 3 to 30s after it is gone.",
      "    wait: { first: 100ms, longest: 5s }", "    steal: { observe: 35s, after: 2m }",
    ]
  }
}
