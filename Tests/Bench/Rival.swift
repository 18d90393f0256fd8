/// A locker that waits until it gets the lock, and how long it must be watched to be seen at its usual pace.
struct Rival {
  let name: String
  /// Everything before the program that is run under the lock.
  let words: [String]
  let seconds: Double
  var rounds = 1

  static let ours = "dotlock"
  static let kernel = "flock"
  /// The lock-file programs with their own pauses, and with the shortest that one of them can be given.
  static let peers = ["dotlockfile", "lockmail"]
  static let hastyPeer = "dotlockfile -i 1"
  /// Without any pause, as many tries as the processors can make: shown, but no mail server could afford it.
  static let spinner = "dotlockfile -i 0"

  /// Those that are installed. Ours and flock(1) have several rounds, in turns.
  static func all(on file: String, programs: String) -> [Rival] {
    [
      Rival(ours, programs + "/dotlock", [file], seconds: 1.5, rounds: 4),
      Rival(kernel, "flock", [file], seconds: 1.5, rounds: 4),
      Rival("with-lock-ex", "with-lock-ex", ["-w", file], seconds: 2),
      // Five seconds between the first two tries, then ten, and so on.
      Rival("dotlockfile", "dotlockfile", ["-l", "-r", "-1", "-P", file + ".lock"], seconds: 6),
      Rival(hastyPeer, "dotlockfile", ["-l", "-r", "-1", "-i", "1", "-P", file + ".lock"], seconds: 3),
      Rival(spinner, "dotlockfile", ["-l", "-r", "-1", "-i", "0", "-P", file + ".lock"], seconds: 1),
      // Always five seconds; -t only says how often.
      Rival("lockmail", "lockmail", [file], seconds: 6),
    ].compactMap { $0 }
  }

  private init?(_ name: String, _ program: String, _ words: [String], seconds: Double, rounds: Int = 1) {
    guard let path = find(program) else { return nil }
    (self.name, self.words, self.seconds, self.rounds) = (name, [path] + words, seconds, rounds)
  }
}
