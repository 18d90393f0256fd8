import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@testable import FileLocking

@Suite("A lock that is in the way")
struct StealTests {
  private func leave(_ content: String, _ scratch: borrowing ScratchDirectory, age: Duration = .zero) throws {
    try scratch.write(content, to: "box.lock")
    try setAge(age, scratch)
  }

  private func setAge(_ age: Duration, _ scratch: borrowing ScratchDirectory) throws {
    let now = FileTime(nanoseconds: RealTime.seconds * 1_000_000_000)
    let then = FileTime(nanoseconds: now.nanoseconds - age.nanosecondCount)
    try Directory(scratch.path).open("box.lock", .writeOnly).setTimes(accessed: then, modified: then)
  }

  private static let minute = "R"  // 64 s

  @Test(
    "is stolen at once where the kernel proves that its writer is gone", arguments: Setup.withDotlock,
    ["12345~w\(minute)\n", String(repeating: "\0", count: 9)])
  func deadWriter(setup: Setup, content: String) throws {
    let scratch = ScratchDirectory()
    try leave(content, scratch)
    guard setup.isLocal else {
      #expect(failure { _ = try steal(setup, scratch) }?.kind == .busy)
      return
    }
    #expect(failure { _ = try steal(setup, scratch) { $0.steal.deadOwner = .byAge } }?.kind == .busy)
    var lock = try steal(setup, scratch)
    try lock.prove()
    try lock.release()
    #expect(scratch.names.filter { $0 != "box" } == [])
  }

  @Test(
    "is not taken for a dead writer's when it is held for somebody else", arguments: Setup.withDotlock,
    ["p", "s", "n"])
  func noProof(setup: Setup, kind: String) throws {
    let scratch = ScratchDirectory()
    try leave("12345~\(kind)\(Self.minute)\n", scratch)
    #expect(failure { _ = try steal(setup, scratch) }?.kind == .busy)
    #expect(scratch.names.filter { $0 != "box" } == ["box.lock"])
  }

  @Test(
    "is stolen when it is older than the longer of both limits", arguments: Setup.withDotlock,
    [
      ("12345~pR\n", 62, false), ("12345~pR\n", 70, true), ("12345~p0\n", 50, false), ("12345~p0\n", 62, true),
      ("12345~p-\n", 90_000, false), ("12345~nU\n", 100, false), ("12345~nU\n", 140, true),
      ("123\n", 890, false), ("123\n", 910, true), ("", 910, true), ("123:host.example\n", 910, true),
    ])
  func age(setup: Setup, lock: (content: String, age: Int, isStale: Bool)) throws {
    let scratch = ScratchDirectory()
    try leave(lock.content, scratch, age: .seconds(lock.age))
    let refusal = failure { try steal(setup, scratch).release() }
    #expect(refusal?.kind == (lock.isStale ? nil : .busy))
    #expect(scratch.names.filter { $0 != "box" } == (lock.isStale ? [] : ["box.lock"]))
  }

  @Test("is watched for as long as the policy says, however old it is", arguments: Setup.withDotlock)
  func observed(setup: Setup) throws {
    let scratch = ScratchDirectory()
    try leave("12345~pR\n", scratch, age: .seconds(1000))
    let start = BootTime.now
    try steal(setup, scratch) { ($0.steal.observe, $0.wait.timeout) = (.milliseconds(150), .seconds(20)) }.release()
    #expect(BootTime.now.since(start) >= .milliseconds(150))
  }

  @Test("that changes while it is watched is watched anew", arguments: Setup.withDotlock)
  func changing(setup: Setup) throws {
    let scratch = ScratchDirectory()
    try leave("12345~pR\n", scratch, age: .seconds(1000))
    var (tries, age) = (0, 1000)
    var policy = Policy()
    policy.method = setup.method
    (policy.steal.observe, policy.wait.timeout) = (.milliseconds(40), .milliseconds(400))
    (policy.wait.first, policy.wait.longest, policy.wait.notify) = (.milliseconds(10), .milliseconds(10), false)
    let path = scratch.file("box")
    let busy = failure {
      _ = try HeldLock.acquire(
        on: FileLocation(of: path), policy: policy, holder: .writer, inherited: [], isLocal: setup.isLocal,
        canQueue: false
      ) { (occasion) throws(LockFailure) in
        passTime(occasion)
        (tries, age) = (tries + 1, age + 1)
        try? setAge(.seconds(age), scratch)
      }
    }
    #expect(busy?.kind == .busy && tries > 5)
    #expect(scratch.names.filter { $0 != "box" } == ["box.lock"])
  }

  @Test(
    "is not stolen while its file is locked by a kernel method that the thief takes, too", arguments: [true, false])
  func kernelHolder(isLocal: Bool) throws {
    for method in [[.dotlock, .fcntl], [.dotlock, .flock]] as [MethodList] {
      let scratch = ScratchDirectory()
      try leave("12345~pR\n", scratch, age: .seconds(1000))
      let kernel = try Setup(method: MethodList([method.methods[1]]), isLocal: isLocal).lock(scratch.file("box"))
      let busy = failure { _ = try steal(Setup(method: method, isLocal: isLocal), scratch) }
      #expect(busy?.kind == .busy && busy?.what.contains("locked by a living process") == true)
      #expect(scratch.names == ["box", "box.lock"])
      try kernel.release()
      try steal(Setup(method: method, isLocal: isLocal), scratch).release()
      #expect(scratch.names == ["box"])
    }
  }

  @Test("is told of when it is stolen: whose, and why", arguments: Setup.withDotlock)
  func report(setup: Setup) throws {
    let scratch = ScratchDirectory()
    try leave("12345~pR\n", scratch, age: .seconds(1000))
    var thefts: [String] = []
    var policy = Policy()
    (policy.method, policy.steal.observe) = (setup.method, .zero)
    let path = scratch.file("box")
    try HeldLock.acquire(
      on: FileLocation(of: path), policy: policy, holder: .writer, inherited: [], isLocal: setup.isLocal,
      canQueue: false, attend: { if case .theft(let text) = $0 { thefts.append(text) } }
    ).release()
    #expect(thefts.count == 1)
    #expect(thefts.first?.contains("box.lock: stolen from process 12345: not touched for 100") == true)
  }

  @Test("is stolen also where its holder was killed over replacing the file, which has a second name since")
  func cutShort() throws {
    for setup in Setup.withDotlock {
      let scratch = ScratchDirectory()
      try leave("12345~NR\n", scratch, age: .seconds(1000))
      try scratch.write("From x\n\n", to: "box")
      #expect(mkdir(scratch.file("box.lock.steal").string, 0o700) == 0)
      #expect(link(scratch.file("box").string, scratch.file("box.lock.steal/fence.1.2.3").string) == 0)
      try steal(setup, scratch).release()
      #expect(scratch.names == ["box"])
      #expect(try scratch.text(of: "box") == "From x\n\n")
    }
  }

  @Test(
    "by local or network rules, stolen by the other ones, is not its holder's any more", arguments: Setup.withDotlock)
  func victim(setup: Setup) throws {
    for thiefIsLocal in [true, false] {
      let scratch = ScratchDirectory()
      var victim = try Setup(method: [.dotlock], isLocal: setup.isLocal).lock(scratch.file("box"))
      // Its own descriptor shows the change, too; what counts is that nobody else takes it for his.
      try setAge(.seconds(1000), scratch)
      var lock = try steal(Setup(method: [.dotlock], isLocal: thiefIsLocal), scratch) { $0.steal.fence = .none }
      #expect(failure { try victim.prove() }?.kind == .lost)
      #expect(releaseFailure(victim)?.kind == .lost)
      try lock.prove()
      try lock.release()
      #expect(scratch.names == [])
    }
  }
}

@Suite("The permission to take a lock file's name away")
struct PermitTests {
  private func target(_ setup: Setup, _ scratch: borrowing ScratchDirectory) throws -> LockTarget {
    try LockTarget(
      FileLocation(of: scratch.file("box")), policy: Policy(), holder: .writer, isShared: false, isLocal: setup.isLocal)
  }

  @Test("is worthless once somebody has taken the lock", arguments: Setup.withDotlock)
  func revoked(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let target = try target(setup, scratch)
    let owner = try Permit.obtain(target)
    let thief = try Permit.obtain(target)
    var lock = try setup.lock(scratch.file("box"))
    #expect(try owner.move(target, Permit.Fate.released) == nil)
    #expect(try thief.move(target, Permit.Fate.stolen) == nil)
    try lock.prove()
    try lock.release()
    #expect(scratch.names.filter { $0 != "box" } == [])
  }

  @Test("moves what has the name", arguments: Setup.withDotlock)
  func moves(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let target = try target(setup, scratch)
    let permit = try Permit.obtain(target)
    var lock = try setup.lock(scratch.file("box"))
    let late = try Permit.obtain(target)
    let moved = try late.move(target, Permit.Fate.stolen)
    #expect(moved != nil)
    #expect(failure { try lock.prove() }?.kind == .lost)
    #expect(releaseFailure(lock)?.kind == .lost)
    permit.giveUp(target)
    late.giveUp(target)
  }

  @Test("is cleared of whatever was left in it", arguments: Setup.withDotlock)
  func cleared(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let directory = scratch.file("box.lock.steal").string
    #expect(mkdir(directory, 0o700) == 0 && mkdir(directory + "/empty", 0o700) == 0)
    for (name, text) in [("released.1", "1~wR\n"), ("stolen.2", "12\n"), ("stolen.3", "3~wR\n"), ("fence.4", "mail")] {
      try scratch.write(text, to: "box.lock.steal/" + name)
    }
    try setup.lock(scratch.file("box")) { $0.steal.fence = .none }.release()
    #expect(scratch.names.filter { $0 != "box" } == [])
  }

  @Test("cannot be had where something else has its name; then nothing is locked", arguments: Setup.withDotlock)
  func noDirectory(setup: Setup) throws {
    let scratch = ScratchDirectory()
    try scratch.write("", to: "box.lock.steal")
    #expect(failure { _ = try setup.lock(scratch.file("box")) }?.kind == .system(.notDirectory))
    #expect(scratch.names.filter { $0 != "box" } == ["box.lock.steal"])
  }

  @Test("has the permissions of the directory, so that all who may lock can clear it")
  func permissions() throws {
    let scratch = ScratchDirectory()
    #expect(chmod(scratch.path.string, 0o2775) == 0)
    let target = try target(Setup(method: [.dotlock], isLocal: true), scratch)
    let permit = try Permit.obtain(target)
    #expect(try scratch.status(of: "box.lock.steal").mode & 0o777 == 0o775)
    permit.giveUp(target)
    #expect(scratch.names == [])
    #expect(chmod(scratch.path.string, 0o1777) == 0)
    let sticky = try Permit.obtain(target)
    #expect(try scratch.status(of: "box.lock.steal").mode & 0o777 == 0o755)
    sticky.giveUp(target)
  }
}
