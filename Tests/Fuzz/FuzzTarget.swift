internal import Glibc

/// The readers of what others have written. Each function ends the process, which libFuzzer reports together with the
/// input, when something does not hold that must hold for whatever bytes there are.
private let targets: [(name: String, check: @Sendable (Input) -> Void)] = [
  ("policy", checkPolicy), ("value", checkValue), ("glob", checkGlob),
  ("lock-record", checkLockRecord), ("handover", checkHandover),
  ("framer", checkFramer), ("message", checkMessage), ("from-line", checkFromLine),
  ("status", checkStatus), ("maildir-name", checkMaildirName),
  ("journal", checkJournalHeader), ("maildir-list", checkMaildirList), ("recovery", checkRecovery),
]

/// The one that the environment names: libFuzzer starts itself again with the same arguments, and knows none of ours.
private let target: @Sendable (Input) -> Void = {
  let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = targets.first(where: { $0.name == name }) else {
    fatalError("FUZZ_TARGET is one of: \(targets.map(\.name).joined(separator: " "))")
  }
  return target.check
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target(Input(UnsafeBufferPointer(start: data, count: count)))
  return 0
}

func require(_ condition: Bool, _ what: @autoclosure () -> String) {
  if !condition { fatalError("does not hold: \(what())") }
}
