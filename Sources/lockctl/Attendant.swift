internal import CommandLine
internal import FileLocking
internal import Posix
internal import SystemPackage

/// What lockctl does while it waits for a lock: it sleeps until a signal asks it to stop, and tells of thefts.
struct Attendant: ~Copyable {
  /// From here on no signal ends the process between two system calls.
  var signals = SignalQueue()
  private(set) var thefts: [String] = []
  let isVerbose: Bool

  init(isVerbose: Bool) { self.isVerbose = isVerbose }

  mutating func attend(_ occasion: Occasion, for path: FilePath) throws(LockFailure) {
    switch occasion {
    case .wait(let wakeUp, let time): try signals.wait(wakeUp, time, for: path)
    case .theft(let text):
      thefts.append(text)
      say(text)
      Diagnostics.log("lockctl", text)
    }
  }

  func say(_ text: String) {
    if isVerbose { Diagnostics.report("lockctl", text) }
  }
}
