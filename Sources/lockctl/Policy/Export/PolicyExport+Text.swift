internal import LockPolicy
internal import SystemPackage

// What the other program reads, and people.
extension PolicyExport {
  var text: String {
    var lines = comment("\(exporter.title) by \(source)") + comment(scope)
    lines += comment("\(exporter.place); made by lockctl policy export") + [""]
    for objection in objections { lines += comment("DOES NOT EXCLUDE: \(objection)") }
    if !objections.isEmpty { lines.append("") }
    for part in locking.configuration { lines += comment(part.reason) + part.lines }
    lines += [""] + comment("What \(exporter.title) does otherwise:")
    for limit in locking.limits + methodLimits + leaseLimits { lines += comment("- \(limit)", indent: "  ") }
    for (rule, export) in otherRules {
      lines += comment("- \(rule) calls for other lines, which MAILBOX shows:", indent: "  ")
      for line in export.configurationLines where !configurationLines.contains(line) {
        lines += comment("    \(line.drop { $0 == " " })", indent: "    ")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  var configurationLines: [String] { locking.configuration.flatMap(\.lines) }

  /// Lines of at most 79 characters, if there is a blank to break at.
  private func comment(_ text: String, indent: String = "") -> [String] {
    var lines: [String] = []
    let lead = text.prefix { $0 == " " }
    for word in text.inComment.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= 79 {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append("# \(lines.isEmpty ? String(lead) : indent)\(word)")
      }
    }
    return lines
  }
}

extension String {
  /// A file's name in a comment must not end it, nor be a command (Mutt runs what is between backquotes), nor join the
  /// next line to it.
  fileprivate var inComment: String {
    unicodeScalars.map { $0 == "`" || $0 == "\\" ? "?" : String($0).visible }.joined()
  }
}
