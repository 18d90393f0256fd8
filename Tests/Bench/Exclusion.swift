import Glibc

/// Finds out whether a locker keeps others out, by work that comes to harm when it does not.
struct Exclusion {
  static let option = "--inside"
  private static let workers = 8

  let crowd: Crowd

  /// The work, done under the lock: adds one to the number that a file begins with, in a way that loses counts when two
  /// do it at once, and a byte to the end of the file, in a way that does not.
  static func workInside(_ file: String) -> CInt {
    let counter = open(file, O_RDWR)
    let witness = open(file, O_WRONLY | O_APPEND)
    var number = 0
    guard pread(counter, &number, MemoryLayout<Int>.size, 0) >= 0 else { return 1 }
    usleep(200)
    number += 1
    guard pwrite(counter, &number, MemoryLayout<Int>.size, 0) > 0 else { return 1 }
    return write(witness, "+", 1) == 1 ? 0 : 1
  }

  /// Fails unless two runs of it are never inside at the same time.
  func demand(of locker: String, _ words: [String]) throws(Failure) {
    let (done, lost) = try work(locker, under: words)
    guard done > 1 else { throw Failure("\(locker) let nobody in") }
    guard lost <= 0 else { throw Failure("\(locker) let two in at the same time: \(lost) counts lost") }
  }

  /// Fails if no harm comes of not locking at all: then the check would be worth nothing.
  func demandHarmWithoutLock() throws(Failure) {
    guard try work("no lock", under: []).lost > 0 else { throw Failure("nothing is lost without a lock either") }
  }

  private func work(_ name: String, under locker: [String]) throws(Failure) -> (done: Int, lost: Int) {
    let member = Member(words: locker + [thisProgram, Self.option, crowd.file])
    var result = (done: 0, lost: 0)
    _ = try crowd.contend(name, [Member](repeating: member, count: Self.workers), seconds: 0.4) {
      // One that was killed between the two steps has counted and not witnessed, so the loss may be -1.
      let witnessed = fileSize(of: crowd.file) - MemoryLayout<Int>.size
      result = (witnessed, witnessed - Self.number(in: crowd.file))
    }
    return result
  }

  private static func number(in path: String) -> Int {
    var number = 0
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    pread(descriptor, &number, MemoryLayout<Int>.size, 0)
    return number
  }
}
