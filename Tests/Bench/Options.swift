import Glibc

let usage = """
  usage: lockbench [--only PART]... [--rounds N] [--directory DIR] [--disk DIR] [--policy FILE] PROGRAMS

  PROGRAMS is the directory of the built programs. The peers are taken from PATH; who is not installed is left out.

    --only PART      \(Part.allCases.map(\.rawValue).joined(separator: ", "))
                     (all of them)
    --rounds N       so many runs of each program (400); less of what takes long
    --directory DIR  on a memory file system (/dev/shm): a disk would be all one sees
    --disk DIR       on a disk (the working directory), for what is about a disk
    --policy FILE    a policy file for one more line per table
  """

/// What can be measured by itself.
enum Part: String, CaseIterable {
  case locks, deliveries, sizes, large, disk, maildirs, crowds
}

struct Options {
  var parts: [Part] = []
  var rounds = 400
  var directory = "/dev/shm"
  var disk = "."
  var policy: String?
  var programs = ""

  init(_ words: [String]) throws(Failure) {
    var words = words[...]
    while let word = words.popFirst() {
      guard word.hasPrefix("-") else {
        programs = word
        continue
      }
      guard let value = words.popFirst() else { throw Failure(usage) }
      switch word {
      case "--only":
        guard let part = Part(rawValue: value) else { throw Failure(usage) }
        parts.append(part)
      case "--rounds": rounds = Int(value) ?? 0
      case "--directory": directory = value
      case "--disk": disk = value
      case "--policy": policy = value
      default: throw Failure(usage)
      }
    }
    if programs.isEmpty || rounds < 1 { throw Failure(usage) }
    if parts.isEmpty { parts = Part.allCases }
  }
}
