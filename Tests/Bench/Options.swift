import Glibc

let usage = """
  usage: lockbench [--rounds N] [--directory DIR] [--disk DIR] [--policy FILE] [--rivals DIR] [--only PART] PROGRAMS

  PROGRAMS is the directory of the built dotlock and mboxappend. The peers are taken from PATH; who is not
  installed is left out. DIR should be on a memory file system (default /dev/shm): a disk would be all one sees.

    --rounds N       so many runs of each program (400); fewer of those that take longer
    --disk DIR       a directory on a disk, for what is to be durable (TMPDIR, or the current one)
    --policy FILE    a policy file for one more line per table
    --rivals DIR     the directory of the built barewrite and copyandrename
    --only PART      one of: \(Part.allCases.map(\.rawValue).joined(separator: ", ")); again for one more
    --contended-only
                     the same as --only contended
  """

/// What can be measured by itself.
enum Part: String, CaseIterable {
  case locking, delivery, size, disk, large, maildir, contended
}

struct Options {
  var rounds = 400
  var directory = "/dev/shm"
  var disk = getenv("TMPDIR").map { String(cString: $0) } ?? "."
  var policy: String?
  var rivals = ""
  var parts: [Part] = []
  var programs = ""

  init(_ words: [String]) throws(Failure) {
    var words = words[...]
    while let word = words.popFirst() {
      guard word.hasPrefix("-") else {
        programs = word
        continue
      }
      if word == "--contended-only" {
        parts.append(.contended)
        continue
      }
      guard let value = words.popFirst() else { throw Failure(usage) }
      switch word {
      case "--rounds": rounds = Int(value) ?? 0
      case "--directory": directory = value
      case "--disk": disk = value
      case "--policy": policy = value
      case "--rivals": rivals = value
      case "--only":
        guard let part = Part(rawValue: value) else { throw Failure(usage) }
        parts.append(part)
      default: throw Failure(usage)
      }
    }
    if programs.isEmpty || rounds < 1 { throw Failure(usage) }
    if parts.isEmpty { parts = Part.allCases }
  }
}
