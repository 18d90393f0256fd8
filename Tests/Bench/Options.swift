import Glibc

let usage = """
  usage: lockbench [--rounds N] [--directory DIR] [--policy FILE] [--contended-only] PROGRAMS

  PROGRAMS is the directory of the built dotlock and mboxappend. The peers are taken from PATH; who is not
  installed is left out. DIR should be on a memory file system (default /dev/shm): a disk would be all one sees.

    --rounds N       so many runs of each program (400)
    --policy FILE    a policy file for one more line per table
    --contended-only
                     only what needs several processes at once
  """

struct Options {
  var rounds = 400
  var directory = "/dev/shm"
  var policy: String?
  var contendedOnly = false
  var programs = ""

  init(_ words: [String]) throws(Failure) {
    var words = words[...]
    while let word = words.popFirst() {
      guard word.hasPrefix("-") else {
        programs = word
        continue
      }
      if word == "--contended-only" {
        contendedOnly = true
        continue
      }
      guard let value = words.popFirst() else { throw Failure(usage) }
      switch word {
      case "--rounds": rounds = Int(value) ?? 0
      case "--directory": directory = value
      case "--policy": policy = value
      default: throw Failure(usage)
      }
    }
    if programs.isEmpty || rounds < 1 { throw Failure(usage) }
  }
}
