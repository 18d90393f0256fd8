internal import LockPolicy

extension Exporter {
  static let mutt = Exporter(
    name: "mutt", title: "Mutt", place: "lines for a muttrc", builtWith: [.fcntl, .dotlock]
  ) { wanted, built in
    let program = ForeignLocking.Lines(
      "what makes its lock files: the only thing that can be set", #"set dotlock_program="/usr/bin/mutt_dotlock""#)
    let takesDotlock = built.contains(.dotlock)
    return ForeignLocking(
      configuration: takesDotlock ? [program] : [],
      methods: [.fcntl, .flock, .dotlock].filter(built.contains),
      limits: [
        "takes the methods that it was built with, whatever it is told ('mutt -v' has USE_DOTLOCK, USE_FCNTL, USE_FLOCK)",
        "makes five tries in five seconds, and then asks its user, not \(wanted.waitingText)",
      ]
        + (takesDotlock
          ? [
            "takes every lock file away, however young, when its user says yes to 'remove lock': the answer must be no",
            "makes its lock files with mode 0, not with dotlock.mode",
          ] : []),
      judgment: "takes no lock file away by itself, whatever its age")
  }
}
